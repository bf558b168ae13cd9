/* CA签章延期: the seal on the key, bound to the renewed certificate, with a later end.
 *
 * The new seal goes into a file of its own, is read back, and only when the platform has acknowledged it
 * does the old one go. A key with two files after an attempt that broke off is understood: the platform
 * gives the same seal again, and the file that already holds it is taken. */
#include <stdio.h>

#include "agent/ops/op_admin.h"
#include "agent/ops/op_ask.h"
#include "agent/ops/op_key.h"
#include "agent/ops/op_platform.h"
#include "agent/ops/op_seal_room.h"
#include "agent/ops/op_seals.h"
#include "base/hex.h"
#include "base/log.h"
#include "certs/proof.h"
#include "certs/sm2.h"

/* "seal-" and 32 bits of the seal's hash: short enough for every key's name width. */
#define FILE_PREFIX "seal-"
#define FILE_HASH_BYTES 4
/* Names to be tried: those that an SM3-sized hash gives. */
#define FILE_NAMES 8
/* What a file needs beside its content. */
#define FILE_OVERHEAD_BYTES 256

/* ---- read ---- */

static enum op_outcome read_seals(struct op *op, struct err *err)
{
    if (op_seals_read(op->key.token, &op->key.seals, err) != ERR_NONE ||
        op_seals_present(op->key.seals, op->facts.job->seal, op->key.sign_cert, &op->key.seal,
                         err) != ERR_NONE ||
        op_seal_room_known(op, err) != ERR_NONE)
        return OP_STEP_FAILED;
    memcpy(op->facts.old_seal_file, op->key.seal->file, sizeof op->facts.old_seal_file);
    proof_sha256(seal_peek(op->key.seal->seal)->der, op->facts.old_seal_digest);
    op->facts.old_not_after_utc = seal_peek(op->key.seal->seal)->valid_until_utc;
    return OP_STEP_NEXT;
}

/* ---- prove ---- */

static enum err_code prove(struct op *op, const char *label, struct span body, struct bytes **out,
                           struct err *err)
{
    struct op_key_signer self;
    const struct signer signer = op_key_present_signer(op, &self);
    const struct op_proof proof = {&signer, op->key.sign_cert, label, body};
    return op_key_prove(op, &proof, out, err) == ERR_NONE ? ERR_NONE
                                                          : err_add(err, "prove the key");
}

static enum op_outcome prove_key(struct op *op, struct err *err)
{
    uint8_t digest[32];
    proof_sha256(seal_peek(op->key.seal->seal)->der, digest);
    return prove(op, PROOF_SEAL, SPAN_ARRAY(digest), &op->facts.proof, err) == ERR_NONE
               ? OP_STEP_NEXT
               : OP_STEP_FAILED;
}

/* ---- new seal ---- */

static enum op_outcome get_seal(struct op *op, struct err *err)
{
    const struct remote_seal_request request = {
        .seal = seal_peek(op->key.seal->seal)->der,
        .proof = span_bytes(op->facts.proof),
    };
    return op_platform_seal(op, &request, &op->new_seal, err) == ERR_NONE ? OP_STEP_NEXT
                                                                          : OP_STEP_FAILED;
}

static enum err_code check_room(const struct op *op, struct err *err)
{
    struct span der = span_bytes(op->new_seal->seal);
    const struct token_facts *facts = token_peek_facts(op->key.token);
    if (op_seals_holding(op->key.seals, der) != NULL)
        return ERR_NONE;
    if (der.len > TOKEN_FILE_BYTES_MAX || der.len + FILE_OVERHEAD_BYTES > facts->free_bytes)
        return err_set(err, ERR_SEAL_TOO_LARGE, "%zu bytes, %zu are free", der.len,
                       facts->free_bytes);
    return ERR_NONE;
}

static enum op_outcome check_seal(struct op *op, struct err *err)
{
    AUTO(seal_freep) struct seal *next = NULL;
    struct span chain[REMOTE_CHAIN_MAX];
    for (size_t i = 0; i < op->new_seal->chain_count; i++)
        chain[i] = span_bytes(op->new_seal->chain[i]);
    const struct chain_roots *seal_roots = op->platform->seal_roots;
    const struct seal_check check = {
        .roots = seal_roots != NULL ? seal_roots : op->platform->roots,
        .marked_maker = seal_roots == NULL,
        .intermediates = chain,
        .intermediate_count = op->new_seal->chain_count,
        .signer = op->key.sign_cert,
        .now_utc = clock_now_utc(),
    };
    struct span present = seal_peek(op->key.seal->seal)->der;
    /* An earlier attempt came to its end and could not note it: the platform gives the same again. */
    bool is_there = span_equal(span_bytes(op->new_seal->seal), present);
    if (seal_parse(span_bytes(op->new_seal->seal), &next, err) != ERR_NONE ||
        seal_verify(next, &check, err) != ERR_NONE ||
        (!is_there && seal_check_extension(op->key.seal->seal, next, err) != ERR_NONE) ||
        check_room(op, err) != ERR_NONE) {
        err_add(err, "check the new seal");
        return OP_STEP_FAILED;
    }
    op->facts.new_not_after_utc = seal_peek(next)->valid_until_utc;
    return OP_STEP_NEXT;
}

/* ---- write ---- */

/* What stands under the name that the new seal was to get. */
enum taken {
    TAKEN_BY_RUBBISH, /* cut while it was written */
    TAKEN_BY_ITSELF,
    TAKEN_BY_ANOTHER_SEAL,
};

/* number: from 0; each makes another name. */
static void name_file(struct op *op, size_t number)
{
    uint8_t hash[32];
    proof_sha256(span_bytes(op->new_seal->seal), hash);
    AUTO(memory_freep)
    char *digits = hex_encode(span_of(hash + number * FILE_HASH_BYTES, FILE_HASH_BYTES));
    snprintf(op->facts.seal_file, sizeof op->facts.seal_file, FILE_PREFIX "%s", digits);
}

/* The key may have changed since its seals were read: a person was asked meanwhile. */
static enum err_code look_at_taken(const struct op *op, enum taken *out, struct err *err)
{
    AUTO(bytes_freep) struct bytes *content = NULL;
    AUTO(seal_freep) struct seal *seal = NULL;
    struct err no_seal = ERR_INIT;
    if (token_read_file(op->key.token, op->facts.seal_file, &content, err) != ERR_NONE)
        return err_add(err, "look at what has the new seal's name");
    if (span_equal(span_bytes(content), span_bytes(op->new_seal->seal)))
        *out = TAKEN_BY_ITSELF;
    else if (seal_parse(span_bytes(content), &seal, &no_seal) == ERR_NONE)
        *out = TAKEN_BY_ANOTHER_SEAL;
    else
        *out = TAKEN_BY_RUBBISH;
    return ERR_NONE;
}

/* Writes the new seal under its name. *out_taken: another seal has that name. */
static enum err_code write_named(struct op *op, bool *out_taken, struct err *err)
{
    const char *name = op->facts.seal_file;
    struct span der = span_bytes(op->new_seal->seal);
    struct err written = ERR_INIT;
    enum taken taken = TAKEN_BY_ANOTHER_SEAL;
    *out_taken = false;
    if (op_admin_begin(op, err) != ERR_NONE || op_note_change(op, err) != ERR_NONE)
        return err->code;
    if (op_admin_write_file(op, name, der, &written) == ERR_NONE)
        return ERR_NONE;
    if (written.code != ERR_TOKEN_EXISTS) {
        *err = written;
        return err->code;
    }
    op->facts.key_changed = false; /* what is there is not ours */
    if (look_at_taken(op, &taken, err) != ERR_NONE)
        return err->code;
    *out_taken = taken == TAKEN_BY_ANOTHER_SEAL;
    if (taken != TAKEN_BY_RUBBISH)
        return ERR_NONE;
    op->facts.key_changed = true;
    if (op_admin_delete_file(op, name, err) != ERR_NONE)
        return err_add(err, "remove what an earlier attempt left");
    return op_admin_write_file(op, name, der, err);
}

static enum err_code write_by_any_name(struct op *op, struct err *err)
{
    bool taken = true;
    for (size_t i = 0; i < FILE_NAMES && taken; i++) {
        name_file(op, i);
        if (write_named(op, &taken, err) != ERR_NONE)
            return err->code;
    }
    return taken ? err_set(err, ERR_TOKEN_EXISTS, "other seals have all names") : ERR_NONE;
}

/* Unless other software has put something else there since it was read. */
static enum err_code remove_read(struct op *op, const struct op_seal *seal, struct err *err)
{
    uint8_t sha256[32];
    bool same = false;
    proof_sha256(seal_peek(seal->seal)->der, sha256);
    if (op_seals_compare(op->key.token, seal->file, sha256, &same, err) != ERR_NONE)
        return err->code;
    return same ? op_admin_delete_file(op, seal->file, err) : ERR_NONE;
}

/* A key that holds two files at most, and has two of this seal: the older one makes room, the other stays until the
 * new one is acknowledged. */
static enum err_code write_fresh(struct op *op, struct err *err)
{
    enum err_code code = write_by_any_name(op, err);
    if (code != ERR_TOKEN_NO_SPACE || op_seal_room_other(op) == NULL)
        return code;
    *err = ERR_INIT;
    if (remove_read(op, op->key.seal, err) != ERR_NONE)
        return err_add(err, "make room");
    return write_by_any_name(op, err);
}

static enum op_outcome write_seal(struct op *op, struct err *err)
{
    const struct op_seal *holding = op_seals_holding(op->key.seals, span_bytes(op->new_seal->seal));
    if (holding != NULL) {
        memcpy(op->facts.seal_file, holding->file, sizeof op->facts.seal_file);
        return OP_STEP_NEXT;
    }
    if (write_fresh(op, err) == ERR_NONE)
        return OP_STEP_NEXT;
    err_add(err, "write the new seal");
    return OP_STEP_FAILED;
}

/* ---- read back ---- */

static enum op_outcome read_back(struct op *op, struct err *err)
{
    AUTO(bytes_freep) struct bytes *got = NULL;
    if (token_read_file_of(op->key.token, op->facts.seal_file, op->new_seal->seal->len, &got,
                           err) != ERR_NONE) {
        err_add(err, "read the new seal back");
        return OP_STEP_FAILED;
    }
    if (!span_equal(span_bytes(got), span_bytes(op->new_seal->seal))) {
        err_set(err, ERR_READ_BACK, "the new seal differs");
        return OP_STEP_FAILED;
    }
    proof_sha256(span_bytes(got), op->facts.written_digest);
    AUTO(bytes_freep)
    struct bytes *body = proof_confirmation_body("written", op->facts.written_digest);
    if (prove(op, PROOF_CONFIRMATION, span_bytes(body), &op->facts.confirmation_proof, err) !=
        ERR_NONE)
        return OP_STEP_FAILED;
    op->facts.written = true;
    return OP_STEP_NEXT;
}

/* Whether this file is superseded by the new one: the old seal, and what earlier attempts left of it. */
static bool is_superseded(const struct op *op, const struct op_seal *seal)
{
    const struct seal_facts *facts = seal_peek(seal->seal);
    return strcmp(seal->file, op->facts.seal_file) != 0 &&
           strcmp(facts->id, seal_peek(op->key.seal->seal)->id) == 0 &&
           facts->valid_until_utc <= op->facts.new_not_after_utc;
}

static enum err_code remove_superseded(struct op *op, struct err *err)
{
    for (size_t i = 0; i < op->key.seals->count; i++) {
        const struct op_seal *seal = &op->key.seals->seals[i];
        if (is_superseded(op, seal) && remove_read(op, seal, err) != ERR_NONE)
            return err_add(err, "remove %s", seal->file);
    }
    return ERR_NONE;
}

/* What an interrupted renewal may have left to do: the seal is for its certificate. */
static void finish_renewal(struct op *op)
{
    struct err err = ERR_INIT;
    if (op_admin_make_current(op, op->key.pair->name, &err) != ERR_NONE)
        log_err("ops", "put the renewed pair in the former one's place", &err);
}

/* The new seal is on the key and acknowledged: what is left of the old one is removed by whoever is logged
 * in next. */
static enum op_outcome remove_old(struct op *op, struct err *err)
{
    bool there_is_one = strcmp(op->facts.old_seal_file, op->facts.seal_file) != 0;
    if (op->key.held && remove_superseded(op, err) == ERR_NONE) {
        finish_renewal(op);
        token_logout(op->key.token);
        return OP_STEP_NEXT;
    }
    op->facts.old_seal_left = there_is_one;
    log_info("ops", "the old seal stays for now: %s",
             op->key.held ? err->detail : "the key is not here");
    return OP_STEP_NEXT;
}

/* A whole one stays: the next attempt gets and finds it, and another program may count on it by now. */
static enum err_code remove_half_written(struct op *op, struct err *err)
{
    uint8_t sha256[32];
    bool whole = false;
    proof_sha256(span_bytes(op->new_seal->seal), sha256);
    if (op_seals_compare(op->key.token, op->facts.seal_file, sha256, &whole, err) != ERR_NONE)
        return err->code;
    if (whole)
        return ERR_NONE;
    struct err removed = ERR_INIT;
    if (op_admin_delete_file(op, op->facts.seal_file, &removed) == ERR_NONE ||
        removed.code == ERR_TOKEN_NO_FILE) {
        op->facts.key_changed = false;
        return ERR_NONE;
    }
    *err = removed;
    return err->code;
}

static enum err_code remove_written(struct op *op, struct err *err)
{
    return op->new_seal == NULL ? op_seal_room_clear(op, err) : remove_half_written(op, err);
}

/* The old seal was not touched; a half-written new one goes, and what was written for a trial. */
static void undo(struct op *op, const struct err *why)
{
    (void)why;
    struct err err = ERR_INIT;
    if (op->key.token == NULL || op->facts.written)
        return;
    token_set_deadline(op->key.token, op_step_deadline(op));
    if (token_begin(op->key.token, &err) != ERR_NONE) {
        log_err("ops", "undo", &err);
        return;
    }
    if (op->facts.key_changed && remove_written(op, &err) != ERR_NONE)
        log_err("ops", "remove what was written", &err);
    token_logout(op->key.token);
    token_end(op->key.token);
}

/* ---- the table ---- */

static void report(const struct op *op, struct json *result)
{
    json_add_text(result, "file", op->facts.seal_file);
    json_add_utc(result, "old_not_after", op->facts.old_not_after_utc);
    json_add_utc(result, "not_after", op->facts.new_not_after_utc);
    json_add_bool(result, "old_removed", !op->facts.old_seal_left);
}

/* clang-format off */
static const struct op_step steps[] = {
    OP_KEY_FIND_STEP,
    OP_PLATFORM_REDEEM_STEP,
    {"read-seal", {"读取现有签章", "Read the present seal"}, read_seals, OP_TOUCHES_KEY, OP_TELL, true, 60},
    OP_ASK_PIN_STEP,
    {"room", {"检查CA锁空间", "Make sure of room"}, op_seal_room_try, OP_TOUCHES_KEY, OP_TELL, true, 120},
    {"prove", {"证明CA锁身份", "Prove the key"}, prove_key, OP_TOUCHES_KEY, OP_TELL, true, 30},
    {"new-seal", {"等待平台制作新签章", "Wait for the new seal"}, get_seal, OP_TOUCHES_PLATFORM, OP_TELL, true, 60},
    {"check-seal", {"检查新签章", "Check the new seal"}, check_seal, OP_TOUCHES_NOTHING, OP_TELL, true, 5},
    {"write-seal", {"写入CA锁，请勿拔出", "Write to the key, leave it in"}, write_seal, OP_TOUCHES_KEY, OP_TELL, false, 120},
    {"read-back", {"读回并验证", "Read back"}, read_back, OP_TOUCHES_KEY, OP_TELL, false, 60},
    OP_PLATFORM_CONFIRM_STEP,
    {"remove-old", {"删除旧签章", "Remove the old seal"}, remove_old, OP_TOUCHES_KEY_IF_THERE, OP_RESUME, false, 30},
};
/* clang-format on */

const struct op_kind op_extend_seal = {
    .name = "extend-seal",
    .title = {"CA签章延期", "Seal extension"},
    .success = {"CA签章延期成功!", "The electronic seal was extended."},
    .ticket = OP_TICKET_REQUIRED,
    .steps = steps,
    .step_count = ARRAY_SIZE(steps),
    .undo = undo,
    .report = report,
};
