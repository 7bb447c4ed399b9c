package api_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/realperson"
)

// A passenger whose every datum is a mark, sent through every endpoint, in good
// requests and bad ones. Logs, error answers and metrics are searched for the
// marks; so are the good answers, which owe the owner only ids, secrets just
// made for him, and codes.
func TestPersonalDataLeaveNoTrace(t *testing.T) {
	w := newWorld(t, setup{checkTimeout: 20 * time.Millisecond})
	const name, number, city, place = "标记姓名Markname", testNumber, "标记城市Markcity", "39.123456789"
	marked := form()
	marked["name"], marked["city"] = name, city
	marked["location"] = object{"latitude": 39.123456789, "longitude": 116.4}
	const evidence, anchor = "markevidence-7c1d", "ma4ced"

	h := as[holder](t, w.call("POST", "/v1/applications", "", marked), http.StatusCreated)
	h.w = w
	check := h.pass()
	anchored, _ := h.open(check)
	hosted := h.host(h.pass())
	code := as[struct{ Text string }](t, w.call("GET", "/v1/sessions/"+hosted.Session+"/code", h.Token, nil), http.StatusOK)
	w.call("GET", h.path(""), h.Token, nil)

	// The same marks where they do not belong.
	for _, token := range []string{h.Token, w.staff, "rga_" + name, number} {
		for _, path := range []string{
			"/v1/applications", h.path(""), h.path("/checks"), h.path("/sessions"), "/v1/sessions/" + hosted.Session + "/code",
			"/v1/credentials/" + h.Serial + "/revoke", "/v1/credentials/" + h.Serial + "/unrevoke",
			"/healthz", "/readyz", "/" + number, "/v1/applications/" + number, "/v1/sessions/" + number + "/code",
			"/v1/credentials/" + number + "/revoke", "/v1/applications/" + h.Token + "?token=" + h.Token,
		} {
			for _, body := range []any{
				nil, object{"evidence": evidence}, object{"check": check, "mode": name, "anchor": anchor},
				object{"reason": name}, object{name: number}, object{"markedfield": 1}, object{"name": object{number: name}},
				with("document_number", number[:17]+"0"), with("name", strings.Repeat(name, 20)), with("city", city+"\n"),
				with("document_type", name), with("location", place), `{"name":"` + name + `","name":"` + number + `"}`, name,
			} {
				for _, method := range []string{"GET", "POST"} {
					w.call(method, path, token, body)
				}
			}
		}
	}
	for _, ev := range []string{"sandbox:fail", "sandbox:timeout", evidence} {
		w.call("POST", h.path("/checks"), h.Token, object{"evidence": ev})
	}
	// A fault of the database below every endpoint.
	w.store.Close()
	for _, a := range []answer{
		w.call("POST", "/v1/applications", "", marked),
		w.call("POST", h.path("/checks"), h.Token, object{"evidence": "sandbox:pass"}),
		w.call("POST", "/v1/credentials/"+h.Serial+"/revoke", w.staff, object{"reason": "fraud"}),
	} {
		refused(t, a, http.StatusInternalServerError, "internal_error")
		if strings.Contains(string(a.Body), "database") {
			t.Errorf("a fault is told to the caller: %s", a.Body)
		}
	}

	resp, err := http.Get(w.admin.URL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	metrics, err := io.ReadAll(resp.Body)
	if err != nil || !strings.Contains(string(metrics), "railgate_issuer_requests_total") {
		t.Fatalf("metrics: %v", err)
	}
	everywhere := map[string]string{
		"name": name, "name in ASCII": "Markname", "number": number, "number but its end": number[:17], "city": city, "city in ASCII": "Markcity",
		"location": "39.1234", "evidence": evidence, "anchor": anchor, "unknown field": "markedfield", "staff credential": w.staff, "staff credential but its prefix": w.staff[4:],
	}
	// The owner is told these, once; nobody else is.
	owner := map[string]string{
		"access token": h.Token[4:], "check": check[4:], "pass": anchored.Pass, "code": code.Text,
	}
	logs := w.logs.String()
	if strings.Count(logs, `"request"`) < 1000 || !strings.Contains(logs, "request failed") {
		t.Fatal("the log is not what this test believes it to be")
	}
	for what, mark := range everywhere {
		if strings.Contains(logs, mark) {
			t.Errorf("%s is in the log", what)
		}
		if strings.Contains(string(metrics), mark) {
			t.Errorf("%s is in the metrics", what)
		}
		for _, a := range w.answers {
			if strings.Contains(string(a.Body), mark) {
				t.Fatalf("%s is in the answer %s", what, a.Body)
			}
		}
	}
	for what, mark := range owner {
		if strings.Contains(logs, mark) {
			t.Errorf("%s is in the log", what)
		}
		if strings.Contains(string(metrics), mark) {
			t.Errorf("%s is in the metrics", what)
		}
		for _, a := range w.answers {
			if a.Status >= 400 && strings.Contains(string(a.Body), mark) {
				t.Fatalf("%s is in the error %s", what, a.Body)
			}
		}
	}
	if strings.Contains(logs, realperson.SandboxPass) {
		t.Error("evidence is in the log")
	}
}

// What lies in the database files tells nobody's name, number or city, and no
// token that could be used.
func TestPersonalDataAreSealedAtRest(t *testing.T) {
	w := newWorld(t, setup{})
	h := w.apply()
	h.host(h.pass())
	raw := w.databaseFiles()
	if !strings.Contains(raw, h.Application) {
		t.Fatal("the database was not read")
	}
	for what, mark := range map[string]string{"name": testName, "number": testNumber, "city": "北京", "access token": h.Token, "its digits": h.Token[4:]} {
		if strings.Contains(raw, mark) {
			t.Errorf("%s can be read in the database", what)
		}
	}
}
