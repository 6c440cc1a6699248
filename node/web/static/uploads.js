// Sends a large file in pieces and goes on where the line was cut, also after the page was closed.  Without this script the form sends it whole.
"use strict";
(function () {
  var pieceBytes = 512 * 1024, waitMillisecondsMax = 30000;
  var form = document.querySelector("form[data-parts]");
  if (!form || !window.fetch || !Blob.prototype.slice) { return; }
  var parts = form.getAttribute("data-parts"), button = form.querySelector("button");
  var going = form.querySelector(".going"), bar = going.querySelector("progress"), words = going.querySelector("span");
  var percent = 0;
  form.querySelector(".resumes").hidden = false;

  form.addEventListener("submit", function (event) {
    var file = form.file.files[0];
    if (!file || file.size <= pieceBytes || form.querySelector("input[name=upload]")) { return; }
    event.preventDefault();
    button.disabled = true;
    send(file, 1000);
  });

  // Only where it stands is remembered on this machine, not what the file is called.
  function keyOf(file) { return "upload " + parts + " " + file.size + " " + file.lastModified; }

  function send(file, wait) {
    var place = localStorage.getItem(keyOf(file));
    (place ? call("HEAD", place) : begin(file)).then(function (answer) {
      return go(answer.headers.get("Location") || place, Number(answer.headers.get("Upload-Offset")));
    }).catch(function (refused) {
      if (refused && refused.status === 404 && place) {
        localStorage.removeItem(keyOf(file));
        return send(file, wait);
      }
      if (refused && refused.status && refused.status < 500 && refused.status !== 409 && refused.status !== 429) { return tell(refused); }
      if (refused && refused.status === 429 && !place) { return tell(refused); }
      say("data-waiting", percent);
      setTimeout(function () { send(file, Math.min(2 * wait, waitMillisecondsMax)); }, wait);
    });

    function go(to, offset) {
      localStorage.setItem(keyOf(file), to);
      percent = Math.floor(100 * offset / file.size);
      if (offset >= file.size) { return whole(file, to); }
      say("data-going", percent);
      var piece = file.slice(offset, offset + pieceBytes);
      return call("PATCH", to, { "Upload-Offset": String(offset), "Content-Type": "application/offset+octet-stream" }, piece).then(function (answer) {
        wait = 1000;
        return go(to, Number(answer.headers.get("Upload-Offset")));
      });
    }
  }

  function begin(file) {
    var name = btoa(unescape(encodeURIComponent(file.name)));
    return call("POST", parts, { "Upload-Length": String(file.size), "Upload-Metadata": "filename " + name });
  }

  function call(method, address, more, body) {
    var headers = { "Tus-Resumable": "1.0.0", "X-CSRF-Token": form.csrf.value, "Accept": "application/problem+json" };
    Object.keys(more || {}).forEach(function (name) { headers[name] = more[name]; });
    return fetch(address, { method: method, headers: headers, body: body, credentials: "same-origin" }).then(function (answer) {
      if (!answer.ok) { throw answer; }
      return answer;
    });
  }

  function whole(file, place) {
    localStorage.removeItem(keyOf(file));
    say("data-whole", 100);
    var upload = document.createElement("input");
    upload.type = "hidden";
    upload.name = "upload";
    upload.value = place.split("/").pop();
    form.appendChild(upload);
    form.file.disabled = true;
    form.submit();
  }

  function say(name, percent) {
    going.hidden = false;
    bar.value = percent;
    words.textContent = form.getAttribute(name).replace("{percent}", percent);
  }

  function tell(refused) {
    button.disabled = false;
    refused.json().then(function (problem) { words.textContent = problem.title + " " + problem.detail; }, function () { words.textContent = String(refused.status); });
  }
}());
