#!/bin/sh
# Flags for the libraries that a bench compares with, or an example uses: the HAVE_<NAME> that its
# source asks for, and how to link, for those that are here. Names what is not on standard error. A
# peer in C++ has its side of the bench in bench/peer_<name>.cpp, compiled into build/bench.
#
#   tools/peers.sh CC CXX SOURCE
cc=$1
cxx=$2
source=$3
directory=$(mktemp -d) || exit 1
trap 'rm -rf "$directory"' EXIT

for name in $(sed -n 's/^#.*HAVE_\([A-Z_]*\).*/\1/p' "$source" | sort -u); do
    peer=
    case $name in
        OPENSSL) header=openssl/evp.h package=libcrypto libs=-lcrypto ;;
        NETTLE) header=nettle/sha2.h package=nettle libs=-lnettle ;;
        GCRYPT) header=gcrypt.h package=libgcrypt libs=-lgcrypt ;;
        SODIUM) header=sodium.h package=libsodium libs=-lsodium ;;
        LTTNG_UST) header=lttng/tracepoint.h package=lttng-ust libs='-llttng-ust -ldl' ;;
        XXHASH) header=xxhash.h package=libxxhash libs= ;;
        PROMETHEUS) header=stddef.h package=prometheus-cpp-core libs=-lprometheus-cpp-core
            peer=prometheus ;;
        SPDLOG) header=stddef.h package=spdlog libs='-lspdlog -lfmt' peer=spdlog ;;
        DATASKETCHES) header=stddef.h package=datasketches libs=-lm peer=datasketches ;;
        MOODYCAMEL) header=stddef.h package=moodycamel libs= peer=moodycamel ;;
        CURL) header=curl/curl.h package=libcurl libs=-lcurl ;;
        YYJSON) header=yyjson.h package=yyjson libs=-lyyjson ;;
        HYPERSCAN) header=hs.h package=libhs libs=-lhs ;;
        RE_TWO) header=stddef.h package=re2 libs=-lre2 peer=re2 ;;
        OPENBLAS) header=cblas.h package=openblas libs=-lopenblas ;;
        PROTOBUF) header=stddef.h package=protobuf libs=-lprotobuf peer=protobuf ;;
        PCRE_TWO) header=stddef.h package=libpcre2-8 libs=-lpcre2-8 ;;
        *) continue ;;
    esac
    flags=$(pkg-config --cflags --libs "$package" 2>/dev/null) || flags=$libs
    if [ -n "$peer" ]; then
        object=build/bench/peer_$peer.o
        # What its compiler makes of the description is included.
        if [ "$peer" = protobuf ] &&
            ! protoc --proto_path=bench --cpp_out="$directory" bench/otlp.proto 2>/dev/null; then
            echo "peer $name not found: skipped" >&2
            continue
        fi
        # shellcheck disable=SC2086
        if ! $cxx -std=c++11 -O2 -g -I"$directory" -c "bench/peer_$peer.cpp" -o "$object" \
            2>/dev/null; then
            echo "peer $name not found: skipped" >&2
            continue
        fi
        flags="$object $flags -lstdc++"
    fi
    printf '#include <%s>\nint main(void) { return 0; }\n' "$header" >"$directory/peer.c"
    # shellcheck disable=SC2086
    if $cc "$directory/peer.c" -o "$directory/peer" $flags 2>/dev/null; then
        echo "-DHAVE_$name $flags"
    else
        echo "peer $name not found: skipped" >&2
    fi
done
