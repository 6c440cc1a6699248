// Sends a large file in pieces and goes on where the line was cut, also after the page was closed.  Without this script the form sends it whole.
"use strict";
(function () {
  var pieceBytes = 512 * 1024, waitMillisecondsMax = 30000;
  var form = document.querySelector("form[data-parts]");
  if (!form || !window.fetch || !Blob.prototype.slice) { return; }
  var parts = form.getAttribute("data-parts"), input = form.querySelector("input[type=file]");
  var buttons = form.querySelectorAll("button");
  var going = form.querySelector(".going"), bar = going.querySelector("progress"), words = going.querySelector("span");
  var percent = 0, asked = null, isSent = false, done = [], bytesBefore = 0, bytesAll = 0;
  form.querySelector(".resumes").hidden = false;

  // Which button it was: one with a name asks for something else than to send, and an old browser does not say it with the form.
  form.addEventListener("click", function (event) {
    if (event.target.tagName === "BUTTON") { asked = event.target; }
  });
  input.addEventListener("change", function () {
    form.querySelectorAll("input.came").forEach(function (one) { form.removeChild(one); });
    done = [];
  });
  form.addEventListener("submit", function (event) {
    var files = Array.prototype.slice.call(input.files), large = files.filter(isLarge), small = null;
    if (!large.length || isSent || (asked && asked.name)) { return; }
    event.preventDefault();
    if (large.length < files.length) {
      // What is small stays in the form; where no script may put it there, it goes like the others.
      small = listOf(files.filter(function (file) { return !isLarge(file); }));
      if (!small) { large = files; }
    }
    disable(true);
    bytesAll = large.reduce(function (sum, file) { return sum + file.size; }, 0);
    next(large, small);
  });

  function isLarge(file) { return file.size > pieceBytes; }

  function listOf(files) {
    try {
      var list = new DataTransfer();
      files.forEach(function (file) { list.items.add(file); });
      return list.files;
    } catch (error) { return null; }
  }

  function disable(is) { buttons.forEach(function (button) { button.disabled = is; }); }

  // One after the other; the form follows once all are there.
  function next(files, small) {
    var left = files.filter(function (file) { return done.indexOf(file) < 0; });
    bytesBefore = done.reduce(function (sum, file) { return sum + file.size; }, 0);
    if (left.length) { return send(left[0], 1000, function () { next(files, small); }); }
    say("data-whole", 100);
    isSent = true;
    if (small) { input.files = small; } else { input.disabled = true; }
    form.submit();
  }

  // Only where it stands is remembered on this machine, not what the file is called.
  function keyOf(file) { return "upload " + parts + " " + file.size + " " + file.lastModified; }

  function send(file, wait, then) {
    var place = localStorage.getItem(keyOf(file));
    (place ? call("HEAD", place) : begin(file)).then(function (answer) {
      return go(answer.headers.get("Location") || place, Number(answer.headers.get("Upload-Offset")));
    }).catch(function (refused) {
      if (refused && refused.status === 404 && place) {
        localStorage.removeItem(keyOf(file));
        return send(file, wait, then);
      }
      if (refused && refused.status && refused.status < 500 && refused.status !== 409 && refused.status !== 429) { return tell(refused); }
      if (refused && refused.status === 429 && !place) { return tell(refused); }
      say("data-waiting", percent);
      setTimeout(function () { send(file, Math.min(2 * wait, waitMillisecondsMax), then); }, wait);
    });

    function go(to, offset) {
      localStorage.setItem(keyOf(file), to);
      percent = Math.floor(100 * (bytesBefore + offset) / bytesAll);
      if (offset >= file.size) { return whole(file, to, then); }
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

  function whole(file, place, then) {
    localStorage.removeItem(keyOf(file));
    var upload = document.createElement("input");
    upload.type = "hidden";
    upload.name = "upload";
    upload.className = "came";
    upload.value = place.split("/").pop();
    form.appendChild(upload);
    done.push(file);
    // The draft of the form is to know what came.
    form.dispatchEvent(new Event("change"));
    then();
  }

  function say(name, percent) {
    going.hidden = false;
    bar.value = percent;
    words.textContent = form.getAttribute(name).replace("{percent}", percent);
  }

  function tell(refused) {
    disable(false);
    going.hidden = false;
    refused.json().then(function (problem) { words.textContent = problem.title + " " + problem.detail; }, function () { words.textContent = String(refused.status); });
  }
}());
