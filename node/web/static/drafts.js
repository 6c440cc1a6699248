// Keeps on the server what is typed into a form, a moment after the last key.  Without this script "save draft" does the same.
"use strict";
(function () {
  var quietMilliseconds = 1500;
  function watch(form) {
    var timer = 0, isSending = false, isChanged = false;
    var said = form.querySelector(".kept");
    var where = form.hasAttribute("data-draft") ? "/drafts"
      : "/kept/" + form.getAttribute("data-keep") + "?path=" + encodeURIComponent(form.getAttribute("action"));
    function send() {
      if (isSending) { isChanged = true; return; }
      isSending = true;
      isChanged = false;
      var body = new URLSearchParams();
      new FormData(form).forEach(function (value, name) {
        if (typeof value === "string") { body.append(name, value); }
        else if (value.name) { body.append("chosen", value.name); }
      });
      fetch(where, { method: "POST", body: body, credentials: "same-origin", redirect: "manual" }).then(function (answer) {
        tell(answer.status === 204);
      }, function () {
        tell(false);
      });
    }
    function tell(isKept) {
      isSending = false;
      said.textContent = isKept ? form.getAttribute("data-kept") : form.getAttribute("data-unkept");
      said.className = isKept ? "kept quiet" : "kept wrong";
      if (isChanged || !isKept) { later(isKept ? quietMilliseconds : 10 * quietMilliseconds); }
    }
    function later(milliseconds) {
      clearTimeout(timer);
      timer = setTimeout(send, milliseconds);
    }
    form.addEventListener("input", function () { later(quietMilliseconds); });
    form.addEventListener("change", function () { later(quietMilliseconds); });
    form.addEventListener("submit", function () { clearTimeout(timer); timer = 0; });
    document.addEventListener("visibilitychange", function () {
      if (document.visibilityState === "hidden" && timer) { clearTimeout(timer); send(); }
    });
  }
  var forms = document.querySelectorAll("form[data-draft], form[data-keep]");
  for (var i = 0; i < forms.length; i += 1) { watch(forms[i]); }
}());
