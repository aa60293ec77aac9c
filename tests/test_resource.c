/* The resource: lists of key=value, what goes before what, the host, a fork's child, outputs. */
#include "llmobs_private.h"
#include "tap.h"

#include "keeper.h"

#include <stdlib.h>
#include <sys/utsname.h>
#include <sys/wait.h>

/* ---- what an exporter sees ----------------------------------------------------------------- */

typedef struct seen {
    char text[16384]; /* the resource's attributes in their order, one a line */
    char otlp[65536]; /* the last batch of each signal, one after another */
    size_t otlp_size;
    uint32_t signals; /* that came */
    size_t refused;   /* notes about names */
    size_t ranges;    /* and about the config, */
    char note[256];   /* with the last one's text */
} seen;

static bool collect(void* user, const char* data, size_t size)
{
    seen* s = (seen*)user;
    if (size >= sizeof s->otlp - s->otlp_size) {
        return false;
    }
    memcpy(s->otlp + s->otlp_size, data, size);
    s->otlp_size += size;
    s->otlp[s->otlp_size] = '\0';
    return true;
}

static llmobs_export_result see(void* user, const llmobs_batch* batch)
{
    seen* s = (seen*)user;
    size_t used = 0;
    uint32_t i;
    for (i = 0; i < batch->resource->attribute_count; i++) {
        const llmobs_attribute_view* view = &batch->resource->attributes[i];
        if (view->type == LLMOBS_TYPE_INT) {
            used += (size_t)snprintf(s->text + used, sizeof s->text - used, "%s=%lld\n",
                                     view->key.data, (long long)view->value.integer);
        } else {
            used += (size_t)snprintf(s->text + used, sizeof s->text - used, "%s=%s\n",
                                     view->key.data, view->value.string.data);
        }
        if (view->key.data[view->key.size] != '\0' || used >= sizeof s->text) {
            return LLMOBS_EXPORT_DROP;
        }
    }
    s->signals |= batch->span_count != 0   ? LLMOBS_SIGNAL_SPANS
                  : batch->log_count != 0 ? LLMOBS_SIGNAL_LOGS
                                          : LLMOBS_SIGNAL_METRICS;
    return llmobs_encode(batch, LLMOBS_FORMAT_OTLP_JSON, collect, s) == LLMOBS_OK
               ? LLMOBS_EXPORT_OK
               : LLMOBS_EXPORT_DROP;
}

static void take_note(void* user, llmobs_note note, uint64_t count, const char* text)
{
    seen* s = (seen*)user;
    s->refused += note == LLMOBS_NOTE_NAME_REFUSED ? count : 0;
    s->ranges += note == LLMOBS_NOTE_CONFIG_RANGE ? count : 0;
    (void)snprintf(s->note, sizeof s->note, "%s", text);
}

static llmobs* open_seen(llmobs_config config, seen* s)
{
    llmobs_exporter exporter = llmobs_exporter_default();
    llmobs* obs;
    memset(s, 0, sizeof *s);
    config.host_pumped = true;
    config.note = take_note;
    config.note_user = s;
    obs = llmobs_open(&config, NULL);
    exporter.export_batch = see;
    exporter.user = s;
    exporter.signals = LLMOBS_SIGNAL_SPANS | LLMOBS_SIGNAL_LOGS | LLMOBS_SIGNAL_METRICS;
    if (obs == NULL || llmobs_exporter_add(obs, &exporter) != LLMOBS_OK) {
        printf("Bail out! open\n");
        exit(1);
    }
    return obs;
}

static void send_span(llmobs* obs)
{
    llmobs_span_end(llmobs_span_root(obs, "one"));
    (void)llmobs_flush(obs, 5000);
}

/* The resource of a config, in s->text. */
static void resource_of(const llmobs_config* config, seen* s)
{
    llmobs* obs = open_seen(*config, s);
    send_span(obs);
    if (llmobs_close(obs) != LLMOBS_OK || (s->signals & LLMOBS_SIGNAL_SPANS) == 0) {
        printf("Bail out! no span\n");
        exit(1);
    }
}

/* The value of a key; "(none)" without one. */
static const char* value_of(const seen* s, const char* key)
{
    static char value[4200];
    const char* line = s->text;
    size_t size = strlen(key);
    while (*line != '\0') {
        if (strncmp(line, key, size) == 0 && line[size] == '=') {
            size_t end = strcspn(line, "\n");
            (void)snprintf(value, sizeof value, "%.*s", (int)(end - size - 1), line + size + 1);
            return value;
        }
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    return "(none)";
}

static size_t lines_of(const seen* s)
{
    const char* at = s->text;
    size_t lines = 0;
    while ((at = strchr(at, '\n')) != NULL) {
        at++;
        lines++;
    }
    return lines;
}

/* ---- lists --------------------------------------------------------------------------------- */

static void test_lists(void)
{
    static const struct {
        const char* list;
        size_t count; /* SIZE_MAX: malformed */
    } cases[] = {
        {"", 0},
        {",", 0},
        {" , ,\t", 0},
        {"a=b", 1},
        {"a=", 1},
        {"a=b,c=d", 2},
        {"a=b,,c=d,", 2},
        {" a = b , c = d ", 2},
        {"a=b=c", 1},
        {"a=b;c", 1},
        {"%61=%62", 1},
        {"a=%C3%A4%c3%a4", 1},
        {"a=%25", 1},
        {"a", SIZE_MAX},
        {"=b", SIZE_MAX},
        {" =b", SIZE_MAX},
        {"a=b,c", SIZE_MAX},
        {"a=b,=", SIZE_MAX},
        {"a=%", SIZE_MAX},
        {"a=%4", SIZE_MAX},
        {"a=%4g", SIZE_MAX},
        {"a=%g4", SIZE_MAX},
        {"a=%%", SIZE_MAX},
        {"%zz=b", SIZE_MAX},
        {"a=b%00", SIZE_MAX},
        {"a%00=b", SIZE_MAX},
        {"a=%ff", SIZE_MAX},
        {"a=%C3", SIZE_MAX},
        {"a=\xff", SIZE_MAX},
        {"\xc3=b", SIZE_MAX},
    };
    size_t i;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char* exact = (char*)malloc(strlen(cases[i].list) + 1); /* nothing is read behind it */
        char what[32];
        (void)snprintf(what, sizeof what, "list %d", (int)i);
        memcpy(exact, cases[i].list, strlen(cases[i].list) + 1);
        is_int(llmobsi_key_values_count(exact), cases[i].count, what);
        free(exact);
    }
    is_int(llmobsi_key_values_count(NULL), 0, "no list has none");
}

/* Every byte of a list replaced by every other: counted without harm, and what counts as good
   decodes. */
static void test_lists_flipped(void)
{
    const char good[] = "k1=%C3%A4,k2 = v,,%6B=";
    char list[sizeof good];
    char out[sizeof good];
    size_t place, bad = 0, known = 0;
    int byte;
    for (place = 0; place < sizeof good - 1; place++) {
        for (byte = 0; byte < 256; byte++) {
            const char* at = list;
            llmobsi_key_and_value next;
            size_t count, found = 0;
            memcpy(list, good, sizeof good);
            list[place] = (char)byte;
            count = llmobsi_key_values_count(list);
            while (count != SIZE_MAX &&
                   llmobsi_key_values_next(&at, &next) == LLMOBS_I_KEY_VALUES_ONE) {
                bad += llmobsi_percent_decode(out, next.key) > next.key.size ||
                       llmobsi_percent_decode(out, next.value) > next.value.size ||
                       next.key.size == 0;
                found++;
            }
            bad += count != SIZE_MAX && found != count;
            known += count != SIZE_MAX;
        }
    }
    is_int(bad, 0, "what is counted is there, and decodes");
    ok(known > 256 && known < (sizeof good - 1) * 256, "some are good, some are not");
}

/* ---- what there is by default -------------------------------------------------------------- */

static void test_default(void)
{
    llmobs_config config = llmobs_config_default();
    char want[512];
    seen s;
    resource_of(&config, &s);
    (void)snprintf(want, sizeof want,
                   "service.name=unknown_service\nservice.instance.id=%s\n"
                   "telemetry.sdk.name=llmobs\ntelemetry.sdk.language=c\n"
                   "telemetry.sdk.version=%s\nprocess.pid=%ld\n",
                   value_of(&s, "service.instance.id"), LLMOBS_VERSION_STRING, (long)getpid());
    is_str(s.text, want, "six attributes: nothing of the host, nothing of its user");
    is_int(strlen(value_of(&s, "service.instance.id")), 36, "with a UUID");
    config.service_name = "b\xffot";
    config.service_version = "1.2";
    resource_of(&config, &s);
    is_str(value_of(&s, "service.name"), "b\xef\xbf\xbdot", "a name is made UTF-8");
    is_str(value_of(&s, "service.version"), "1.2", "a version");
    is_int(lines_of(&s), 7, "and no more");
}

/* ---- what goes before what ----------------------------------------------------------------- */

static void test_order(void)
{
    llmobs_config config = llmobs_config_default();
    seen s;
    config.environment_attributes = "a=environment,b=environment,c=%2C%3d%25,d=,b=later";
    config.resource_attributes = " a = program ,deployment.environment.name=prod%20eu";
    resource_of(&config, &s);
    is_str(value_of(&s, "a"), "program", "the program's goes before the environment's");
    is_str(value_of(&s, "b"), "later", "of two the later one counts");
    is_str(value_of(&s, "c"), ",=%", "encoded characters are decoded");
    is_str(value_of(&s, "d"), "", "a value may be empty");
    is_str(value_of(&s, "deployment.environment.name"), "prod eu", "the program's own");
    is_int(lines_of(&s), 6 + 5, "each key once");
    is_int(s.ranges + s.refused, 0, "nothing to tell");
}

static void test_service(void)
{
    static const struct {
        const char* field;
        const char* program;
        const char* environment;
        const char* want;
    } cases[] = {
        {NULL, NULL, NULL, "unknown_service"},
        {"", "service.name=", NULL, "unknown_service"},
        {NULL, NULL, "service.name=e", "e"},
        {NULL, "service.name=p", "service.name=e", "p"},
        {"f", "service.name=p", "service.name=e", "f"},
        {"f", NULL, NULL, "f"},
        {"unknown_service", "service.name=p", NULL, "p"},
    };
    size_t i;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        llmobs_config config = llmobs_config_default();
        seen s;
        config.service_name = cases[i].field;
        config.resource_attributes = cases[i].program;
        config.environment_attributes = cases[i].environment;
        resource_of(&config, &s);
        is_str(value_of(&s, "service.name"), cases[i].want, "whose service.name counts");
        ok(strncmp(s.text, "service.name=", 13) == 0, "it stands first");
    }
}

/* What the library alone knows is not the host's to say; its instance's id is. */
static void test_ours(void)
{
    llmobs_config config = llmobs_config_default();
    char pid[32];
    seen s;
    (void)snprintf(pid, sizeof pid, "%ld", (long)getpid());
    config.service_version = "field";
    config.resource_attributes = "process.pid=1,telemetry.sdk.name=other,service.version=list,"
                                 "service.instance.id=pod-7,Service.Name=case";
    resource_of(&config, &s);
    is_str(value_of(&s, "process.pid"), pid, "process.pid is the process's");
    is_str(value_of(&s, "telemetry.sdk.name"), "llmobs", "telemetry.sdk.name is ours");
    is_str(value_of(&s, "service.version"), "field", "the field goes before the list");
    is_str(value_of(&s, "service.instance.id"), "pod-7", "service.instance.id may be given");
    is_str(value_of(&s, "Service.Name"), "case", "another case is another key");
    is_int(lines_of(&s), 8, "each once");
    config.resource_attributes = "service.instance.id=";
    resource_of(&config, &s);
    is_int(strlen(value_of(&s, "service.instance.id")), 36, "an empty id is none");
}

/* ---- what is refused ----------------------------------------------------------------------- */

static void test_malformed(void)
{
    llmobs_config config = llmobs_config_default();
    seen s;
    config.resource_attributes = "a=b,secret-of-mine";
    config.environment_attributes = "c=d";
    resource_of(&config, &s);
    is_str(value_of(&s, "a"), "(none)", "a malformed list is ignored as a whole");
    is_str(value_of(&s, "c"), "d", "the other one is not");
    is_int(s.ranges, 1, "a note tells");
    ok(strstr(s.note, "resource_attributes") != NULL, "which");
    ok(strstr(s.note, "secret") == NULL, "and nothing of what it held");
    config.resource_attributes = "a=b";
    config.environment_attributes = "%";
    resource_of(&config, &s);
    is_str(value_of(&s, "a"), "b", "the environment's fault is not the program's");
    ok(s.ranges == 1 && strstr(s.note, "environment_attributes") != NULL, "a note tells that");
}

static void test_refused_names(void)
{
    llmobs_config config = llmobs_config_default();
    seen s;
    config.resource_attributes = "authorization=x,a=b,http.request.header.Cookie=y";
    resource_of(&config, &s);
    is_str(value_of(&s, "authorization"), "(none)", "a name that is refused");
    is_str(value_of(&s, "a"), "b", "costs the others nothing");
    is_int(s.refused, 2, "and is told of");
    is_int(lines_of(&s), 7, "behind a prefix, too");
}

static void test_limits(void)
{
    llmobs_config config = llmobs_config_default();
    char list[LLMOBS_I_KEY_VALUES_BYTES + 2];
    size_t used = 0;
    seen s;
    int i;
    for (i = 0; i < 33; i++) {
        used += (size_t)snprintf(list + used, sizeof list - used, "k%d=v%d,", i, i);
    }
    config.resource_attributes = list;
    resource_of(&config, &s);
    is_int(s.ranges, 1, "33 are too many");
    is_int(lines_of(&s), 6, "all or none");
    *strrchr(list, 'k') = '\0';
    config.environment_attributes = list;
    resource_of(&config, &s);
    is_int(s.ranges, 0, "32 are not");
    is_int(lines_of(&s), 6 + 32, "32 of them");
    config.environment_attributes = NULL;
    memset(list, 'x', sizeof list);
    list[1] = '=';
    list[LLMOBS_I_KEY_VALUES_BYTES] = '\0';
    resource_of(&config, &s);
    is_int(strlen(value_of(&s, "x")), LLMOBS_I_KEY_VALUES_BYTES - 2, "4096 bytes");
    list[LLMOBS_I_KEY_VALUES_BYTES] = 'x';
    list[LLMOBS_I_KEY_VALUES_BYTES + 1] = '\0';
    resource_of(&config, &s);
    ok(s.ranges == 1 && lines_of(&s) == 6, "not one more");
}

/* ---- the host ------------------------------------------------------------------------------ */

static void test_host(void)
{
    llmobs_config config = llmobs_config_default();
    struct utsname names;
    seen s;
    (void)uname(&names);
    config.resource_host = true;
    resource_of(&config, &s);
    is_str(value_of(&s, "host.name"), names.nodename, "host.name");
    is_str(value_of(&s, "host.arch"), llmobsi_host_arch(names.machine), "host.arch");
    is_int(lines_of(&s), access("/proc/self/exe", R_OK) == 0 ? 10 : 9, "four attributes");
#if defined(__linux__)
    is_str(value_of(&s, "os.type"), "linux", "os.type");
    is_str(value_of(&s, "process.executable.name"), "test_resource", "the program, not its path");
#endif
    config.environment_attributes = "host.name=node-3";
    resource_of(&config, &s);
    is_str(value_of(&s, "host.name"), "node-3", "what is given goes before");
    is_str(llmobsi_host_arch("x86_64"), "amd64", "OpenTelemetry's words: amd64");
    is_str(llmobsi_host_arch("aarch64"), "arm64", "arm64");
    is_str(llmobsi_host_arch("armv7l"), "arm32", "arm32");
    is_str(llmobsi_host_arch("i686"), "x86", "x86");
    is_str(llmobsi_host_arch("ppc64le"), "ppc64", "ppc64");
    is_str(llmobsi_host_arch("s390x"), "s390x", "the system's own word, else");
}

/* ---- the texts stay ------------------------------------------------------------------------ */

static void test_copied(void)
{
    llmobs_config config = llmobs_config_default();
    char* name = strdup("bot");
    char* version = strdup("1");
    char* program = strdup("a=b");
    char* environment = strdup("c=d");
    llmobs* obs;
    seen s;
    config.service_name = name;
    config.service_version = version;
    config.resource_attributes = program;
    config.environment_attributes = environment;
    obs = open_seen(config, &s);
    free(name);
    free(version);
    free(program);
    free(environment);
    send_span(obs);
    is_str(value_of(&s, "service.name"), "bot", "the name may go after open");
    is_str(value_of(&s, "service.version"), "1", "so may the version");
    is_str(value_of(&s, "a"), "b", "and the lists");
    is_str(value_of(&s, "c"), "d", "both of them");
    (void)llmobs_close(obs);
}

/* ---- a fork's child ------------------------------------------------------------------------ */

/* What the child's exporter sees, as the exit's status: 0 is well. */
static int child_of(llmobs* obs, seen* s, const char* parent_id)
{
    char pid[32];
    (void)snprintf(pid, sizeof pid, "%ld", (long)getpid());
    memset(s->text, 0, sizeof s->text);
    send_span(obs);
    if (strcmp(value_of(s, "service.name"), "bot") != 0 || strcmp(value_of(s, "a"), "b") != 0) {
        return 1;
    }
    if (strcmp(value_of(s, "process.pid"), pid) != 0) {
        return 2;
    }
    if (strcmp(value_of(s, "service.instance.id"), parent_id) == 0 ||
        strlen(value_of(s, "service.instance.id")) != 36) {
        return 3;
    }
    return lines_of(s) == 7 ? 0 : 4;
}

static void test_fork(const char* list, const char* what)
{
    llmobs_config config = llmobs_config_default();
    char given[64];
    char name[8] = "bot";
    char id[64];
    int status = -1;
    llmobs* obs;
    pid_t child;
    seen s;
    (void)snprintf(given, sizeof given, "%s", list);
    config.service_name = name;
    config.resource_attributes = given;
    obs = open_seen(config, &s);
    send_span(obs);
    (void)snprintf(id, sizeof id, "%s", value_of(&s, "service.instance.id"));
    memset(given, '%', sizeof given - 1);
    memset(name, '%', sizeof name - 1);
    child = fork();
    if (child == 0) {
        (void)alarm(60);
        _exit(child_of(obs, &s, id));
    }
    (void)waitpid(child, &status, 0);
    is_int(status, 0, what);
    send_span(obs);
    is_str(value_of(&s, "service.instance.id"), id, "the parent keeps its id");
    (void)llmobs_close(obs);
}

/* ---- the outputs --------------------------------------------------------------------------- */

#define IN_OTLP                                                                                  \
    "{\"key\":\"deployment.environment.name\",\"value\":{\"stringValue\":\"prod \\\"eu\\\"\"}}"

/* Each signal's message, and what scrapers read. */
static void test_outputs(void)
{
    llmobs_config config = llmobs_config_default();
    static char text[1 << 20];
    size_t size = sizeof text;
    const char* at;
    size_t found = 0;
    llmobs* obs;
    seen s;
    config.resource_attributes =
        "deployment.environment.name=prod \"eu\",service.namespace=shop,k8s.pod.name=p%0A1";
    obs = open_seen(config, &s);
    llmobs_log(obs, LLMOBS_SEVERITY_INFO, "an.event", NULL);
    send_span(obs);
    is_int(s.signals, LLMOBS_SIGNAL_SPANS | LLMOBS_SIGNAL_LOGS | LLMOBS_SIGNAL_METRICS,
           "all signals came");
    for (at = s.otlp; (at = strstr(at, IN_OTLP)) != NULL; at++) {
        found++;
    }
    ok(found >= 3, "OTLP/JSON has it in each of them");
    ok(strstr(s.otlp, "{\"key\":\"k8s.pod.name\",\"value\":{\"stringValue\":\"p\\n1\"}}") != NULL,
       "escaped");
    is_int(llmobs_prometheus_print(obs, LLMOBS_PROMETHEUS_TEXT, text, &size), LLMOBS_OK, "scraped");
    at = strstr(text, "\ntarget_info{");
    ok(at != NULL && strstr(at, "deployment_environment_name=\"prod \\\"eu\\\"\"") != NULL,
       "target_info has it as a label");
    ok(at != NULL && strstr(at, "service_namespace=\"shop\"") != NULL, "and the others");
    ok(at != NULL && strstr(at, "k8s_pod_name=\"p\\n1\"") != NULL, "escaped, too");
    ok(llmobs_close(obs) == LLMOBS_OK, "closed");
}

int main(void)
{
    test_lists();
    test_lists_flipped();
    test_default();
    test_order();
    test_service();
    test_ours();
    test_malformed();
    test_refused_names();
    test_limits();
    test_host();
    test_copied();
    test_fork("a=b", "a fork's child has the attributes, its own id and its own process");
    test_fork("a=b,service.instance.id=pod-7", "also where the parent was told its id");
    test_outputs();
    return done();
}
