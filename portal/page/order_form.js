/** 01 订单信息 with the three steps, and 02 开票信息: one form over two panels. */

import {get, path, Refusal, send} from "./api.js";
import {remind} from "./dialog.js";
import {h} from "./dom.js";
import {controls, field, keepDraft, validate} from "./form.js";
import {duration, moment, money} from "./format.js";
import {t, tx} from "./i18n.js";
import {table} from "./list.js";
import {session, user} from "./session.js";
import {button, facts, notice, panel, tell} from "./ui.js";

/** @typedef {import("./router.js").Context} Context */
/** @typedef {import("./view_order.js").FullOrder} Order */
/** @typedef {import("./dom.js").Child} Child */

/** What a control is told when its value came back from a draft. */
const RESTORED = "restored";

/** Years that are offered; the server decides. */
const MONTHS = [12, 24, 36];

/** @type {Array<{name: string, key: import("./i18n.js").TextKey, required?: boolean, type?: string, wide?: boolean, inputmode?: string, bytes?: number, plain?: boolean}>} */
const invoiceTexts = [
    {name: "title", key: "invoice.title", required: true},
    {name: "tax_number", key: "invoice.tax_number", required: true, bytes: 32, plain: true},
    {name: "email", key: "invoice.email", type: "email"},
    {name: "phone", key: "invoice.phone", inputmode: "tel"},
    {name: "address", key: "invoice.address", wide: true},
    {name: "bank", key: "invoice.bank"},
    {name: "account", key: "invoice.account", inputmode: "numeric"},
];

/** @returns {Array<[string, string]>} */
const invoiceKinds = () => [
    ["normal", t("invoice.normal")],
    ["special", t("invoice.special")],
];

/** @param {Order} order */
function invoiceFields(order) {
    const invoice = order.invoice ?? {};
    if (!order.can.edit) {
        const kind = invoiceKinds().find(([value]) => value === invoice.kind)?.[1] ?? "";
        return facts([
            [t("invoice.kind"), kind],
            ...invoiceTexts.map(
                ({name, key}) => /** @type {[string, string]} */ ([t(key), invoice[name] ?? ""]),
            ),
        ]);
    }
    return h(
        "div",
        {class: "fields"},
        field({
            name: "kind",
            label: t("invoice.kind"),
            choices: invoiceKinds(),
            value: invoice.kind || "normal",
        }),
        invoiceTexts.map(({key, ...options}) =>
            field({...options, label: t(key), value: invoice[options.name] ?? ""}),
        ),
    );
}

/** @param {Order} order */
function orderFields(order) {
    const fee = h("output", {class: "fee"}, money(order.fee_fen));
    /** @type {Array<[string, Child]>} */
    const pairs = [
        [t("order.fee_kind"), tx("fee", order.fee_kind)],
        [t("order.months"), duration(order.months)],
        [
            t("order.fee"),
            h("span", {}, fee, " ", h("span", {class: "soft"}, `(${t("order.fee.note")})`)),
        ],
    ];
    const perMonth = session()?.fee_fen_per_month ?? 0;
    if (order.can.months && perMonth > 0) {
        const offered = MONTHS.includes(order.months) ? MONTHS : [order.months, ...MONTHS];
        const select = h(
            "select",
            {name: "months", "aria-label": t("order.months")},
            offered.map((months) => h("option", {value: months}, duration(months))),
        );
        select.value = String(order.months);
        for (const event of ["input", RESTORED])
            select.addEventListener(event, () => {
                fee.textContent = money(Number(select.value) * perMonth);
            });
        pairs[1] = [t("order.months"), select];
    }
    return facts(pairs);
}

/** @param {Order} order */
function payments(order) {
    return (
        order.payments.length > 0 &&
        h(
            "details",
            {},
            h("summary", {}, t("payments.title")),
            table(
                [
                    {label: t("payments.trade"), kind: "long", cell: (line) => line.trade},
                    {label: t("payments.amount"), cell: (line) => money(line.amount_fen)},
                    {label: t("payments.state"), cell: (line) => tx("payment", line.state)},
                    {label: t("payments.at"), kind: "time", cell: (line) => moment(line.changed)},
                ],
                order.payments,
                {label: t("payments.title")},
            ),
        )
    );
}

/** The values of the two panels, as the server takes them.
 * @param {Element[]} panels */
function changes(panels) {
    /** @type {Record<string, string>} */
    const all = {};
    for (const input of panels.flatMap(controls)) all[input.name] = input.value.trim();
    const {months, ...texts} = all;
    const invoice = Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== ""));
    return {...(months !== undefined && {months: Number(months)}), invoice};
}

/**
 * The address of the payment page: only what a browser opens as a page.
 * @param {string} address
 */
function checkedPage(address) {
    try {
        const {protocol, href} = new URL(address, location.href);
        if (protocol === "https:" || protocol === "http:") return href;
    } catch {
        /* no address at all */
    }
    throw new Refusal({
        code: "payment-address",
        title: t("pay.address"),
        remedy: t("pay.address.remedy"),
    });
}

/**
 * @param {Context} context
 * @param {Order} order
 * @param {() => Promise<boolean>} save what was typed; false: something is wrong with it, and marked
 * @param {() => boolean} complete marks what is missing
 */
function steps(context, order, save, complete) {
    const at = path`/orders/${order.number}`;
    const pay = async () => {
        if (!(await save())) return;
        const {url} = await send("POST", `${at}/payment`, {});
        location.assign(checkedPage(url));
        await new Promise((left) => addEventListener("pagehide", left, {once: true}));
    };
    const refresh = async () => {
        if (!(await save())) return;
        const now = await (order.can.refresh ? send("POST", `${at}/payment/refresh`, {}) : get(at));
        await remind([
            now.paid
                ? notice("good", h("p", {}, t("pay.success")))
                : notice("warn", h("p", {}, t("pay.waiting"))),
        ]);
        await context.reload();
    };
    const submit = async () => {
        if (!complete() || !(await save())) return;
        await send("POST", `${at}/submit`, {});
        await context.reload();
        tell(t("submit.done"));
    };
    const paying = order.payments.some(({state}) => state === "waiting");
    const submitted = order.state === "待审核" || order.state === "审核通过";
    /** @type {Array<{name: "pay" | "refresh" | "submit", act: () => Promise<void>, on: boolean, done: boolean, next?: boolean}>} */
    const all = [
        {name: "pay", act: pay, on: order.can.pay, done: order.paid, next: !paying},
        {
            name: "refresh",
            act: refresh,
            on: order.can.refresh || (order.paid && order.can.edit),
            done: order.paid,
            next: paying,
        },
        {
            name: "submit",
            act: submit,
            on: order.can.submit || (order.paid && order.can.edit),
            done: submitted,
        },
    ];
    return h(
        "ol",
        {class: "steps", "aria-label": t("steps.label")},
        all.map(({name, act, on, done, next = true}) => {
            const state = done && !on ? "done" : on ? "now" : "off";
            return h(
                "li",
                {class: done ? "done" : state},
                button({
                    label: t(`step.${name}`),
                    kind: on && !done && next ? "primary" : "plain",
                    disabled: !on,
                    act,
                }),
                h("p", {}, t(`step.${name}.${done ? "done" : state}`)),
            );
        }),
    );
}

function hints() {
    return h(
        "div",
        {class: "hints", role: "note", "aria-label": t("hint.label")},
        [t("hint.1"), t("hint.2"), t("hint.3"), t("hint.4")].map((text) => h("p", {}, text)),
    );
}

/**
 * @param {Context} context
 * @param {Order} order
 * @param {HTMLElement} keyPart what the order is about
 * @returns {{order: HTMLElement, invoice: HTMLElement}}
 */
export function orderForm(context, order, keyPart) {
    const invoice = panel("02", t("order.part2"));
    const own = panel("01", t("order.part1"), keyPart);
    const terms = orderFields(order);
    const inputs = invoiceFields(order);
    const draftHolder = h("div");
    own.append(terms);
    invoice.append(draftHolder, inputs);
    const draft = order.can.edit ? drafts(order, [own, invoice]) : null;
    const save = async () => {
        if (!validate(invoice, false)) return false;
        await send("PUT", path`/orders/${order.number}`, changes([own, invoice]));
        draft?.saved();
        return true;
    };
    const saveDraft = () => (draft?.dirty() ? save() : Promise.resolve(true));
    if (draft?.restored) draftHolder.append(notice("info", h("p", {}, t("draft.restored"))));
    if (order.can.edit)
        invoice.append(
            h("p", {class: "hint"}, t("field.required.note")),
            h(
                "div",
                {class: "foot"},
                button({
                    label: t("save"),
                    kind: "primary",
                    act: async () => {
                        if (!(await save())) return;
                        await context.reload();
                        tell(t("saved"));
                    },
                }),
            ),
        );
    if (user().role === "bidder")
        own.append(
            steps(context, order, saveDraft, () => !order.can.edit || validate(invoice)),
            hints(),
        );
    own.append(payments(order) || "");
    return {order: own, invoice};
}

/**
 * One draft over both panels.
 * @param {Order} order
 * @param {HTMLElement[]} panels
 */
function drafts(order, panels) {
    const parts = panels.map((part, i) => keepDraft(part, `/orders/${order.number}/${i}`));
    for (const select of panels[0].querySelectorAll("select"))
        select.dispatchEvent(new Event(RESTORED));
    return {
        restored: parts.some((part) => part.restored),
        dirty: () => parts.some((part) => part.dirty()),
        saved: () => parts.forEach((part) => part.saved()),
    };
}
