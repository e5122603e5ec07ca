/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fields.h"

/* Fields that are not a check's. */
typedef enum {
    FIELD_FLOW,
    FIELD_LABEL,
    FIELD_HISTORY,
    FIELD_VERDICT,
    FIELD_REASON,
    FIELD_SYNTHETIC,
    FIELD_BLIND_FLOW,
    FIELD_ANSWER,
    N_FIELDS,
} Field;

static const struct {
    const char *title;
    const char *name;
    enum ftenum type;
    int base;
    const char *text;
} field_table[N_FIELDS] = {
    [FIELD_FLOW] = {"Flow", "flowtwin.flow", FT_UINT32, BASE_DEC,
                    "Number of the TCP flow, as flowtwin check counts: from 1, by first packet"},
    [FIELD_LABEL] = {"Label", "flowtwin.label", FT_STRING, BASE_NONE,
                     "The most specific protocol that was seen in the flow"},
    [FIELD_HISTORY] = {"History", "flowtwin.history", FT_STRING, BASE_NONE,
                       "What was seen, in order (capitals: the client's): S SYN, H SYN/ACK, A pure "
                       "ACK, D data, F FIN, R RST"},
    [FIELD_VERDICT] = {"Verdict", "flowtwin.verdict", FT_STRING, BASE_NONE,
                       "fail where a check failed for certain, else pass"},
    [FIELD_REASON] = {"Reason", "flowtwin.reason", FT_STRING, BASE_NONE,
                      "Why a check failed: one word for each"},
    [FIELD_SYNTHETIC] = {"Synthetic", "flowtwin.synthetic", FT_BOOLEAN, BASE_NONE,
                         "flowtwin made this flow: a packet's comment in the file says so"},
    [FIELD_BLIND_FLOW] = {"Blind test flow", "flowtwin.blind_flow", FT_UINT32, BASE_DEC,
                          "Number of the flow in a blind test, from 1"},
    [FIELD_ANSWER] = {"Answer", "flowtwin.answer", FT_STRING, BASE_NONE,
                      "What the annotator of a blind test said of the flow: real, likely real, "
                      "likely generated, generated; not there without an answer"},
};

/* How grave a failed check is, in Wireshark's levels. */
static const int severities[TWIN_N_CHECKS] = {
    [TWIN_CHECK_HANDSHAKE] = PI_WARN,           [TWIN_CHECK_EARLY_DATA] = PI_WARN,
    [TWIN_CHECK_DUPLICATE_HANDSHAKE] = PI_WARN, [TWIN_CHECK_TERMINATION] = PI_NOTE,
    [TWIN_CHECK_LATE_DATA] = PI_WARN,
};

/* What Wireshark keeps pointers to, written when it starts. */
static struct {
    int protocol;
    int tree;
    int fields[N_FIELDS];
    int checks[TWIN_N_CHECKS];
    expert_field experts[TWIN_N_CHECKS];
    hf_register_info rows[N_FIELDS + TWIN_N_CHECKS];
    ei_register_info expert_rows[TWIN_N_CHECKS];
} registered = {.tree = -1}; // NOLINT(*-avoid-non-const-global-variables)

static hf_register_info row_of(int *id, const char *title, const char *name, enum ftenum type,
                               int base, const char *text)
{
    return (hf_register_info){id, {title, name, type, base, NULL, 0, text, HFILL}};
}

static void register_checks(void)
{
    for (unsigned check = 0; check < TWIN_N_CHECKS; check++) {
        const TwinCheckInfo *info = twin_check_info((TwinCheck)check);
        const char *text =
            g_intern_string(g_strdup_printf("%s: pass, fail, undecided, or not yet", info->title));
        registered.checks[check] = -1;
        registered.experts[check] = (expert_field)EI_INIT;
        registered.rows[N_FIELDS + check] =
            row_of(&registered.checks[check], info->title, info->field, FT_STRING, BASE_NONE, text);
        registered.expert_rows[check] = (ei_register_info){
            &registered.experts[check],
            {.name = g_strdup_printf("%s.expert", info->field),
             .group = PI_PROTOCOL,
             .severity = severities[check],
             .summary = info->finding,
             EXPFILL},
        };
    }
}

int twin_fields_register(void)
{
    static int *const trees[] = {&registered.tree};
    registered.protocol =
        proto_register_protocol("TCP flow audit by flowtwin", "flowtwin", "flowtwin");
    for (unsigned field = 0; field < N_FIELDS; field++) {
        registered.fields[field] = -1; /* not registered yet */
        registered.rows[field] =
            row_of(&registered.fields[field], field_table[field].title, field_table[field].name,
                   field_table[field].type, field_table[field].base, field_table[field].text);
    }
    register_checks();
    proto_register_field_array(registered.protocol, registered.rows, G_N_ELEMENTS(registered.rows));
    proto_register_subtree_array(trees, G_N_ELEMENTS(trees));
    expert_register_field_array(expert_register_protocol(registered.protocol),
                                registered.expert_rows, G_N_ELEMENTS(registered.expert_rows));
    return registered.protocol;
}

/*
 * Somebody looks at the tree, or names a field of ours. (Wireshark's own question for a field
 * counts its list of protocols too, which is about what is on the wire.)
 */
bool twin_fields_are_asked(proto_tree *tree)
{
    return tree != NULL &&
           (PTREE_DATA(tree)->visible ||
            proto_registrar_get_nth((unsigned)registered.protocol)->ref_type != HF_REF_TYPE_NONE);
}

/* Good so far and for good are not told apart: a late fail has its own packet. */
const char *twin_verdict_word(const TwinVerdict *verdict)
{
    if (verdict->passes && verdict->is_decided) {
        return "pass";
    }
    if (!verdict->is_final) {
        return "not yet";
    }
    return verdict->is_decided ? "fail" : "undecided";
}

bool twin_verdict_is_finding(const TwinVerdict *verdict)
{
    return verdict->is_final && verdict->is_decided && !verdict->passes;
}

static proto_item *add_string(proto_tree *tree, tvbuff_t *tvb, int field, const char *value)
{
    proto_item *item = proto_tree_add_string(tree, field, tvb, 0, 0, value);
    proto_item_set_generated(item);
    return item;
}

static void add_checks(proto_tree *tree, packet_info *pinfo, tvbuff_t *tvb,
                       const TwinVerdict verdicts[TWIN_N_CHECKS])
{
    for (unsigned check = 0; check < TWIN_N_CHECKS; check++) {
        const TwinVerdict *verdict = &verdicts[check];
        const char *reason = twin_check_reason(verdict->reason);
        proto_item *item =
            add_string(tree, tvb, registered.checks[check], twin_verdict_word(verdict));
        if (*reason != '\0') {
            proto_item_append_text(item, " (%s)", reason);
        }
        if (twin_verdict_is_finding(verdict) && verdict->packet == pinfo->num) {
            expert_add_info(pinfo, item, &registered.experts[check]);
        }
    }
}

static bool add_reasons(proto_tree *tree, tvbuff_t *tvb, const TwinVerdict verdicts[TWIN_N_CHECKS])
{
    bool has_findings = false;
    for (unsigned check = 0; check < TWIN_N_CHECKS; check++) {
        if (twin_verdict_is_finding(&verdicts[check])) {
            has_findings = true;
            add_string(tree, tvb, registered.fields[FIELD_REASON],
                       twin_check_reason(verdicts[check].reason));
        }
    }
    return has_findings;
}

static void add_synthetic(proto_tree *tree, tvbuff_t *tvb)
{
    proto_item *item =
        proto_tree_add_boolean(tree, registered.fields[FIELD_SYNTHETIC], tvb, 0, 0, TRUE);
    proto_item_set_generated(item);
}

static void add_blind(proto_tree *tree, tvbuff_t *tvb, TwinBlind *blind, uint32_t flow)
{
    const uint32_t number = twin_blind_number(blind, flow);
    if (number == 0) {
        return;
    }
    proto_item *item =
        proto_tree_add_uint(tree, registered.fields[FIELD_BLIND_FLOW], tvb, 0, 0, number);
    proto_item_set_generated(item);
    const TwinGrade grade = twin_blind_grade(blind, flow);
    if (grade != TWIN_GRADE_NONE) {
        add_string(tree, tvb, registered.fields[FIELD_ANSWER], twin_grade_name(grade));
    }
}

void twin_fields_add(proto_tree *tree, packet_info *pinfo, tvbuff_t *tvb, TwinSession *session,
                     uint32_t flow, bool at_end)
{
    TwinTracker *tracker = twin_session_tracker(session);
    TwinTrackedFlow tracked;
    TwinVerdict verdicts[TWIN_N_CHECKS];
    twin_tracker_flow(tracker, flow, &tracked);
    twin_tracker_verdicts(tracker, flow, at_end, verdicts);
    proto_item *item = proto_tree_add_item(tree, registered.protocol, tvb, 0, 0, ENC_NA);
    proto_item_set_generated(item);
    proto_tree *own = proto_item_add_subtree(item, registered.tree);
    proto_item *number =
        proto_tree_add_uint(own, registered.fields[FIELD_FLOW], tvb, 0, 0, flow + 1);
    proto_item_set_generated(number);
    add_string(own, tvb, registered.fields[FIELD_LABEL],
               tracked.label != NULL ? tracked.label : "tcp");
    add_string(own, tvb, registered.fields[FIELD_HISTORY], tracked.history);
    if (twin_session_is_synthetic(session, flow)) {
        add_synthetic(own, tvb);
    }
    add_blind(own, tvb, twin_session_blind(session), flow);
    add_checks(own, pinfo, tvb, verdicts);
    const bool has_findings = add_reasons(own, tvb, verdicts);
    const char *verdict = has_findings ? "fail" : "pass";
    add_string(own, tvb, registered.fields[FIELD_VERDICT], verdict);
    proto_item_append_text(item, ": flow %u, %s", flow + 1, verdict);
}
