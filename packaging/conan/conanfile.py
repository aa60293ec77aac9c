"""Conan 2 recipe: `conan create packaging/conan` takes the tree that it stands in."""
import os
import re

from conan import ConanFile
from conan.tools.files import copy, load

required_conan_version = ">=2.0"


class LlmobsConan(ConanFile):
    name = "llmobs"
    description = "Observability for LLM applications and inference engines, in one C header"
    license = "MIT OR Unlicense"
    topics = ("observability", "llm", "tracing", "metrics", "header-only")
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    no_copy_source = True

    def _tree(self):
        return os.path.join(self.recipe_folder, "..", "..")

    def set_version(self):
        text = load(self, os.path.join(self._tree(), "src", "platform", "platform.h"))
        self.version = re.search(r'^#define LLMOBS_VERSION_STRING "(.*)"', text, re.M).group(1)

    def export_sources(self):
        tree = self._tree()
        for pattern in ("llmobs.h", "LICENSE"):
            copy(self, pattern, src=tree, dst=self.export_sources_folder)
        for pattern in ("llmobs.c", "llmobsImplementation.cmake"):
            copy(self, pattern, src=os.path.join(tree, "packaging"),
                 dst=self.export_sources_folder)

    def package_id(self):
        self.info.clear()

    def package(self):
        for pattern, place in (("LICENSE", "licenses"), ("llmobs.h", "include"),
                               ("llmobs.c", "share/llmobs"),
                               ("llmobsImplementation.cmake", "share/cmake/llmobs")):
            copy(self, pattern, src=self.source_folder,
                 dst=os.path.join(self.package_folder, *place.split("/")))
        # The installed llmobsConfig.cmake says where the source is; here CMakeDeps makes that one.
        module = os.path.join(self.package_folder, "share", "cmake", "llmobs", "llmobsConan.cmake")
        with open(module, "w", encoding="utf-8") as out:
            out.write('set(LLMOBS_IMPLEMENTATION_SOURCE\n'
                      '  "${CMAKE_CURRENT_LIST_DIR}/../../llmobs/llmobs.c")\n'
                      'include("${CMAKE_CURRENT_LIST_DIR}/llmobsImplementation.cmake")\n')

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "llmobs")
        self.cpp_info.set_property("cmake_target_name", "llmobs::llmobs")
        self.cpp_info.set_property("pkg_config_name", "llmobs")
        self.cpp_info.set_property("cmake_build_modules",
                                   [os.path.join("share", "cmake", "llmobs", "llmobsConan.cmake")])
        self.cpp_info.bindirs = []
        self.cpp_info.libdirs = []
        if self.settings.get_safe("os") in ("Linux", "FreeBSD"):
            self.cpp_info.system_libs = ["pthread"]
