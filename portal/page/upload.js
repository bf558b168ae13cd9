/** Sending a file with progress, which fetch can't tell: by XMLHttpRequest. */

import {address, commonHeaders, refusalOf, unreachable, withSession} from "./api.js";

/**
 * @param {string} path
 * @param {File} file
 * @param {{signal: AbortSignal, progress: (part: number) => void}} options
 * @returns {Promise<void>}
 */
function once(path, file, {signal, progress}) {
    return new Promise((resolve, reject) => {
        const request = new XMLHttpRequest();
        request.open("PUT", address(path));
        for (const [name, value] of Object.entries({...commonHeaders(), "Content-Type": file.type}))
            request.setRequestHeader(name, value);
        request.upload.addEventListener("progress", (event) => {
            if (event.lengthComputable) progress(event.loaded / event.total);
        });
        request.addEventListener("load", () => {
            if (request.status < 300) resolve();
            else reject(refusalOf(request.status, request.responseText));
        });
        request.addEventListener("error", () => reject(unreachable()));
        request.addEventListener("abort", () => reject(signal.reason));
        signal.addEventListener("abort", () => request.abort());
        request.send(file);
    });
}

/**
 * @param {string} path below /web/v1
 * @param {File} file
 * @param {{signal: AbortSignal, progress: (part: number) => void}} options progress: from 0 to 1
 */
export function upload(path, file, options) {
    return withSession(() => once(path, file, options));
}
