/** An address that shows nothing. */

import {h} from "./dom.js";
import {t} from "./i18n.js";
import {head, linkButton} from "./ui.js";

export const title = () => t("missing.title");

export function render() {
    return h(
        "div",
        {class: "narrow"},
        head(t("missing.title")),
        h("p", {}, t("missing.text")),
        h("p", {}, linkButton("/", t("missing.home"), {kind: "primary"})),
    );
}
