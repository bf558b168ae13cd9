#include "tests/unit/agent/doctor/fixture.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "tests/unit/scratch.h"

#define ANSWERS_MAX 4

static struct {
    const char *path;
    const char *json;
} answers[ANSWERS_MAX];

char *patient_path(const struct patient *patient, const char *path)
{
    return file_join(patient->folder, path);
}

int patient_start(void **state)
{
    struct patient *patient = memory_new(sizeof *patient);
    patient->folder = memory_printf("%s/doctor.XXXXXX", scratch_top());
    memset(answers, 0, sizeof answers);
    if (mkdtemp(patient->folder) == NULL)
        return -1;
    patient->world = (struct doctor_world){
        .root = memory_text(patient->folder),
        .state_folder = patient_path(patient, "state"),
        .runtime_folder = patient_path(patient, "runtime/ukeyd"),
        .socket_path = patient_path(patient, "runtime/ukeyd/ukeyd.sock"),
        .ask = patient_ask,
        .agent_err = {.code = ERR_AGENT_UNREACHABLE, .detail = "nobody is there"},
    };
    *state = patient;
    return 0;
}

int patient_stop(void **state)
{
    struct patient *patient = *state;
    AUTO(memory_freep) char *command = memory_printf("rm -rf %s", patient->folder);
    free(patient->world.root);
    free(patient->world.state_folder);
    free(patient->world.runtime_folder);
    free(patient->world.socket_path);
    config_free(patient->world.config);
    json_free(patient->world.status);
    free(patient->folder);
    free(patient);
    return system(command);
}

void patient_folder(const struct patient *patient, const char *path, mode_t mode)
{
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *full = patient_path(patient, path);
    assert_int_equal(file_make_folder(full, 0700, &err), ERR_NONE);
    assert_int_equal(chmod(full, mode), 0);
}

void patient_write(const struct patient *patient, const char *path, const char *text, mode_t mode)
{
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *full = patient_path(patient, path);
    AUTO(memory_freep) char *copy = memory_text(full);
    assert_int_equal(file_make_folder(dirname(copy), 0700, &err), ERR_NONE);
    assert_int_equal(file_write_atomic(full, span_text(text), mode, &err), ERR_NONE);
}

void patient_config(struct patient *patient, const char *agent, const char *platform)
{
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *path = patient_path(patient, "ukeyd.conf");
    AUTO(memory_freep) char *roots = patient_path(patient, "roots.pem");
    AUTO(memory_freep)
    char *text = memory_printf("[agent]\n%s\n[platform sunshine]\nname = n\norigin = "
                               "https://platform.example\nroots = %s\n%s\n",
                               agent == NULL ? "" : agent, roots, platform == NULL ? "" : platform);
    patient_write(patient, "ukeyd.conf", text, 0600);
    config_free(patient->world.config);
    assert_int_equal(config_read(path, &patient->world.config, &err), ERR_NONE);
}

void patient_answer(struct patient *patient, const char *path, const char *json)
{
    struct err err = ERR_INIT;
    size_t i = 0;
    while (answers[i].path != NULL && strcmp(answers[i].path, path) != 0)
        i++;
    assert_true(i < ANSWERS_MAX);
    answers[i].path = path;
    answers[i].json = json;
    if (strcmp(path, "/v1/status") != 0)
        return;
    json_free(patient->world.status);
    assert_int_equal(patient_ask(NULL, path, 0, &patient->world.status, &err), ERR_NONE);
}

enum err_code patient_ask(const char *socket_path, const char *path, int timeout_s,
                          struct json **out, struct err *err)
{
    for (size_t i = 0; i < ANSWERS_MAX && answers[i].path != NULL; i++)
        if (strcmp(answers[i].path, path) == 0 && answers[i].json != NULL)
            return json_parse(span_text(answers[i].json), 65536, out, err);
    return err_set(err, ERR_AGENT_UNREACHABLE, "nobody is there");
}

void assert_found(struct doctor_findings *findings, const char *wanted)
{
    AUTO(buf_done) struct buf codes = BUF_INIT(4096);
    for (size_t i = 0; i < findings->count; i++)
        buf_printf(&codes, "%s%s", i == 0 ? "" : " ", doctor_code_text(findings->at[i].code));
    buf_add_u8(&codes, '\0');
    assert_string_equal((const char *)buf_span(&codes).at, wanted);
    doctor_findings_done(findings);
}
