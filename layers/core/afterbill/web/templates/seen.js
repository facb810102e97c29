(function () {
  var form = document.forms[0], left = form.dataset.visible * 1000, since = 0, timer;
  function report() {
    var told = new URLSearchParams({ seen: 1, rating: form.dataset.tapped });
    end();
    if (!navigator.sendBeacon || !navigator.sendBeacon("?", told))
      fetch("?", { method: "POST", body: told, keepalive: true }).catch(function () {});
  }
  function look() {
    clearTimeout(timer);
    if (since) left -= performance.now() - since;
    since = 0;
    if (document.visibilityState == "visible") {
      since = performance.now();
      timer = setTimeout(report, Math.max(left, 0));
    }
  }
  function end() {
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", look);
  }
  document.addEventListener("visibilitychange", look);
  form.addEventListener("submit", end);
  look();
})();
