(function () {
  var form = document.forms[0], chosen = form.dataset.tapped, reports = 5, left, since, timer;
  function report() {
    var told = new URLSearchParams({ seen: 1, rating: chosen });
    chosen = "";
    if (!--reports) end();
    if (!navigator.sendBeacon || !navigator.sendBeacon("?", told))
      fetch("?", { method: "POST", body: told, keepalive: true }).catch(function () {});
  }
  function begin() {
    left = form.dataset.visible * 1000;
    since = 0;
    look();
  }
  function look() {
    clearTimeout(timer);
    if (since) left -= performance.now() - since;
    since = 0;
    if (chosen && document.visibilityState == "visible") {
      since = performance.now();
      timer = setTimeout(report, Math.max(left, 0));
    }
  }
  function choose(event) {
    if (event.target.name != "rating") return;
    chosen = event.target.value;
    begin();
  }
  function end() {
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", look);
    form.removeEventListener("change", choose);
  }
  document.addEventListener("visibilitychange", look);
  form.addEventListener("change", choose);
  form.addEventListener("submit", end);
  begin();
})();
