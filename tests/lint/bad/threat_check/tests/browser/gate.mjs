for (const browser of ['Chromium', 'Firefox']) {
  test(`forms in ${browser}`, async t => {});
}
