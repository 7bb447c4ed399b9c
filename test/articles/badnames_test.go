package articles_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/railgate/railgate/test/harness"
	"github.com/railgate/railgate/test/harness/runtest"
)

// Names with markup, direction marks, symbols, too many marks or too many characters are refused on
// every form. Nothing changes, and the log does not repeat them.
func TestG16_InvalidNamesAreRefusedOnEveryForm(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		listed := a.Add(h.Person())
		const mark = "标记"
		bad := []string{
			mark + "<script>alert(1)</script>", mark + "＜b＞", mark + "&amp;", mark + "\u202e试", mark + "\u200f试", mark + "\u2066试",
			mark + "\u200b试", mark + "\U0001f600", mark + "\x00", mark + "\ufffd", mark + strings.Repeat("\u0301", 9), "\u0301" + mark,
			mark + strings.Repeat("测", 300), "123", "···",
		}
		before := a.Profile()
		for _, name := range bad {
			form := harness.Object{"name": name}
			for entrance, answer := range map[string]harness.Answer{
				"application":  h.Call("POST", "/v1/applications", "", harness.With(h.Person().Application(), form)),
				"viewing":      h.TryView(h.Person().Named(name), harness.FacePasses),
				"registration": h.Call("POST", "/v1/accounts", "", harness.With(h.Registration(h.Person()), form)),
				"profile":      a.Call("PUT", "/v1/account", harness.With(h.Person().Identity(), harness.Object{"name": name, "version": before["version"], "phone": before["phone"]})),
				"passenger":    a.TryAdd(h.Person().Named(name)),
				"edit":         a.Call("PUT", "/v1/account/passengers/"+listed.Passenger, harness.With(h.Person().Named(name).Entry(), harness.Object{"version": listed.Version})),
			} {
				if answer.Status != http.StatusUnprocessableEntity || strings.Contains(string(answer.Body), mark) {
					t.Errorf("%s with %+q: %d %s", entrance, name, answer.Status, answer.Body)
				}
			}
		}
		if after := a.Profile(); after["version"] != before["version"] || after["name"] != before["name"] {
			t.Errorf("the profile became %v", after)
		}
		if _, all := a.List(); len(all) != 1 || all[0] != listed {
			t.Errorf("the list became %v", all)
		}
		runtest.HasNot(t, h.Logs.String(), mark)
		// Rare characters outside the basic plane are allowed; a window checks such names.
		rare := a.Add(h.Person().Named("测\U00020000"))
		h.Agency().Verify(a, rare.Passenger, nil).Refused(t, "station_window_only")
	})
}

// An agency verifies common characters that GB 2312 lacks. Pinyin and declared substitutions need a
// window.
func TestR07_SubstitutedCharactersNeedAWindow(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		for _, name := range []string{"测玥", "测珺", "测喆", "测堃"} {
			a := h.Register(h.Person().Named(name))
			if e := harness.As[harness.Entry](t, h.Agency().Verify(a, "holder", nil), http.StatusOK); e.Status != "verified" {
				t.Errorf("%s is %s", name, e.Status)
			}
		}
		for _, name := range []string{"测國", "测龘", "Ceshi", "测shi"} {
			a := h.Register(h.Person().Named(name))
			h.Agency().Verify(a, "holder", nil).Refused(t, "station_window_only")
		}
		form := harness.With(h.Registration(h.Person()), harness.Object{"substituted": true})
		h.Call("POST", "/v1/accounts", "", form).OK(t)
		login := harness.As[struct{ Account, Token string }](t, h.Call("POST", "/v1/logins", "", harness.Object{"login_name": form["login_name"], "password": harness.Password}), http.StatusCreated)
		if p := harness.As[harness.Object](t, h.Call("GET", "/v1/account", login.Token, nil), http.StatusOK); p["substituted"] != true ||
			!strings.Contains(p["next_step"].(map[string]any)["zh"].(string), "手机号后4位或注册邮箱前3位") {
			t.Errorf("the profile says %v", p)
		}
		h.Agency().Call("POST", "/v1/counter/looks", harness.Object{"account": login.Account, "passenger": "holder"}).Refused(t, "station_window_only")
	})
}

// Lower-case x and X are one person, with one quota, one identity and one line on a list.
func TestG20_NumberHasOneSpellingOnEveryForm(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		upper, lower := h.EndingInX()
		one, _ := h.Approved(lower)
		h.Apply(upper).TryCheck(harness.FacePasses).Refused(t, "renewal_too_early")
		if back, _ := h.View(upper); back.Serial != one.Serial {
			t.Error("another temporary ID is shown for X")
		}
		a := h.Verified(lower)
		h.Call("POST", "/v1/accounts", "", h.Registration(upper)).Refused(t, "identity_registered")
		a.TryAdd(upper).Refused(t, "passenger_already_listed")
		b := h.Register(h.Person())
		runtest.Has(t, string(h.Window().Search(b.Person).Body), b.ID)
	})
}
