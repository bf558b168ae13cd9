/** 签章延期: the seal on a key, made anew for the renewed certificate. */

import {get, path} from "./api.js";
import {h} from "./dom.js";
import {day} from "./format.js";
import {t} from "./i18n.js";
import {profileForm} from "./profile.js";
import {user} from "./session.js";
import {button, facts, head, linkButton, notice, panel} from "./ui.js";
import {sealLine} from "./view_keys.js";
import {extendSeal} from "./work.js";

/** @typedef {import("./router.js").Context} Context */
/** @typedef {import("./view_keys.js").Key} Key */

export const title = () => t("seal.title");

/** @param {Key} key */
const several = (key) => key.seals.length > 1;

/**
 * The seal that the page's own button means; undefined when there is no choice.
 * @param {Key} key
 */
const meant = (key) =>
    several(key) ? (key.seals.find((seal) => !seal.bound) ?? key.seals[0]) : undefined;

/**
 * @param {Context} context
 * @param {Key} key
 * @param {import("./view_keys.js").Seal} seal
 */
function sealRow(context, key, seal) {
    return h(
        "li",
        {},
        h("span", {class: "strong grow"}, seal.name),
        sealLine(seal),
        user().role === "bidder" &&
            several(key) &&
            button({
                label: t("seal.extend"),
                name: `${t("seal.extend")} ${seal.name}`,
                kind: "plain small",
                act: () => extendSeal(context, key, seal),
            }),
    );
}

/**
 * @param {Context} context
 * @param {Key} key
 */
function state(context, key) {
    return [
        facts([
            [t("seal.holder"), key.holder],
            [t("key.organisation"), key.organisation],
            [t("key.number"), key.number],
            [t("order.serial"), key.serial],
            [t("order.not_after"), day(key.not_after)],
        ]),
        key.seals.length > 0
            ? h(
                  "ul",
                  {class: "files"},
                  key.seals.map((seal) => sealRow(context, key, seal)),
              )
            : notice("info", h("p", {}, t("seal.none.text"))),
    ];
}

/** @param {Context} context */
export async function render(context) {
    const key = /** @type {Key} */ (
        await get(path`/keys/${context.params.serial}`, context.signal)
    );
    const bidder = user().role === "bidder";
    return h(
        "div",
        {},
        head(t("seal.title")),
        h(
            "div",
            {class: "tools"},
            h(
                "div",
                {class: "actions"},
                bidder &&
                    button({
                        label: t("seal.extend"),
                        kind: "primary",
                        symbol: "seal",
                        act: () => extendSeal(context, key, meant(key)),
                    }),
                linkButton(
                    bidder && context.query.get("from") !== "keys" ? "/orders" : "/keys",
                    t("back"),
                ),
            ),
        ),
        bidder && panel("01", t("seal.profile"), profileForm()),
        panel(bidder ? "02" : "01", t("seal.state"), state(context, key)),
    );
}
