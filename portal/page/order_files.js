/** 03 CA办理电子件: attachments of an order, with their upload. */

import {address, get, path, send} from "./api.js";
import {ask} from "./dialog.js";
import {freshId, h, icon} from "./dom.js";
import {moment, size} from "./format.js";
import {t} from "./i18n.js";
import {upload} from "./upload.js";
import {button, problemNotice, problemOf, tell} from "./ui.js";

/** @typedef {import("./router.js").Context} Context */
/** @typedef {{name: string, type: string, size: number, sha256: string, at: string}} Attachment */
/** @typedef {{number: string, attachments: Attachment[], can: {edit: boolean}}} Order */

/** The server's limits: here only to tell at once. */
const TYPES = ["application/pdf", "image/png", "image/jpeg"];
const BYTES_MAX = 5 * 1024 * 1024;
const FILES_MAX = 10;

/** @param {File} file */
function faultOf(file) {
    const title = !TYPES.includes(file.type)
        ? t("attachment.type", {name: file.name})
        : file.size > BYTES_MAX
          ? t("attachment.size", {name: file.name})
          : null;
    return (
        title && {
            code: "attachment",
            title,
            detail: t("attachment.hint"),
            remedy: t("attachment.other"),
        }
    );
}

class Attachments {
    /** @param {Order} order */
    constructor(order) {
        this.order = order;
        this.at = path`/orders/${order.number}`;
        this.files = h("ul", {class: "files"});
        this.running = h("div", {class: "uploads"});
        this.trouble = h("div");
        this.show();
    }

    show() {
        const {attachments} = this.order;
        this.files.replaceChildren(...attachments.map((file) => this.#file(file)));
        if (attachments.length === 0)
            this.files.append(h("li", {class: "soft"}, t("attachment.none")));
    }

    /** @param {Attachment} file */
    #file(file) {
        const href = address(this.at + path`/attachments/${file.name}`);
        return h(
            "li",
            {},
            icon("file"),
            h(
                "div",
                {class: "grow"},
                h("a", {href, download: file.name}, file.name),
                h("p", {class: "soft"}, `${size(file.size)} · ${moment(file.at)}`),
            ),
            this.order.can.edit &&
                button({
                    label: t("attachment.remove"),
                    kind: "quiet",
                    name: t("attachment.remove.name", file),
                    act: () => this.remove(file),
                }),
        );
    }

    async refresh() {
        this.order.attachments = (await get(this.at)).attachments;
        this.show();
    }

    /** @param {Attachment} file */
    async remove(file) {
        if (
            !(await ask({
                body: [h("p", {}, t("attachment.remove.ask", file))],
                yes: t("attachment.remove"),
                danger: true,
            }))
        )
            return;
        await send("DELETE", this.at + path`/attachments/${file.name}`);
        await this.refresh();
        tell(t("attachment.removed", file));
    }

    /** One after the other, so that a slow line shows progress.
     * @param {File[]} files */
    async add(files) {
        this.trouble.replaceChildren();
        for (const file of files) {
            const fault =
                this.order.attachments.length >= FILES_MAX
                    ? {code: "attachment", title: t("attachment.count"), remedy: ""}
                    : faultOf(file);
            if (fault) this.trouble.append(problemNotice(fault));
            else await this.#upload(file);
        }
    }

    /** @param {File} file */
    async #upload(file) {
        const label = t("attachment.progress", {name: file.name});
        const bar = h("progress", {max: 1, value: 0, "aria-label": label});
        const stop = new AbortController();
        const line = h(
            "div",
            {class: "upload"},
            h("p", {role: "status"}, label),
            bar,
            button({label: t("cancel"), kind: "quiet", act: () => stop.abort()}),
        );
        this.running.append(line);
        try {
            await upload(this.at + path`/attachments/${file.name}`, file, {
                signal: stop.signal,
                progress: (part) => {
                    bar.value = part;
                },
            });
            await this.refresh();
            tell(t("attachment.done", {name: file.name}));
        } catch (thrown) {
            if (!stop.signal.aborted) this.trouble.append(problemNotice(problemOf(thrown)));
        } finally {
            line.remove();
        }
    }

    /** The button with which files are chosen, and where they can be dropped. */
    chooser() {
        const id = freshId();
        const input = h("input", {
            type: "file",
            id,
            multiple: true,
            accept: TYPES.join(","),
            class: "hidden-file",
        });
        input.addEventListener("change", () => {
            const files = Array.from(input.files ?? []);
            input.value = "";
            this.add(files);
        });
        const zone = h(
            "div",
            {class: "drop"},
            input,
            h(
                "label",
                {for: id, class: "button plain"},
                icon("plus"),
                h("span", {}, t("attachment.add")),
            ),
            h("span", {class: "soft wide-only"}, t("attachment.drop")),
            h("p", {class: "hint"}, t("attachment.hint")),
        );
        zone.addEventListener("dragover", (event) => event.preventDefault());
        zone.addEventListener("drop", (event) => {
            event.preventDefault();
            this.add(Array.from(event.dataTransfer?.files ?? []));
        });
        return zone;
    }
}

/**
 * @param {Context} _context
 * @param {Order} order
 */
export function attachments(_context, order) {
    const part = new Attachments(order);
    return h("div", {}, order.can.edit && part.chooser(), part.trouble, part.running, part.files);
}
