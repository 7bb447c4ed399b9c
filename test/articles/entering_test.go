package articles_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/test/harness"
)

// without is a form that lacks a field.
func without(form harness.Object, name string) harness.Object {
	out := harness.With(form, nil)
	delete(out, name)
	return out
}

// The form has name, document type, document number and city, all four.
func TestT05_TheFormHasFourFields(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		form := h.Person().Application()
		for name, code := range map[string]string{
			"name": string(credential.NameInvalid), "document_type": string(credential.DocumentTypeNotSupported),
			"document_number": string(credential.DocumentNumberInvalid), "city": string(credential.CityInvalid),
		} {
			for what, body := range map[string]harness.Object{"missing": without(form, name), "empty": harness.With(form, harness.Object{name: ""})} {
				if p := harness.As[harness.Problem](t, h.Call("POST", "/v1/applications", "", body), http.StatusUnprocessableEntity); string(p.Code) != code {
					t.Errorf("%s %s: %+v", name, what, p)
				}
			}
		}
		h.Call("POST", "/v1/applications", "", form).OK(t)
	})
}

// A logged-in user finds their own identity filled in: the profile has the form's
// fields under the form's names, and may be submitted unchanged.
func TestT06_TheOwnIdentityIsFilledIn(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Register(h.Person())
		form, profile := a.Person.Application(), a.Profile()
		for _, name := range []string{"name", "document_type", "document_number"} {
			if profile[name] != form[name] {
				t.Errorf("%s is filled in as %v, want %v", name, profile[name], form[name])
			}
			form[name] = profile[name]
		}
		a.Call("POST", "/v1/applications", form).OK(t)
	})
}

// The filled-in fields can be changed by hand: the application is for the person it names.
func TestT07_WhatWasFilledInCanBeChanged(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a, companion := h.Register(h.Person()), h.Person()
		a.Person = companion
		p := a.Apply()
		p.Check()
		data := harness.As[harness.Object](t, p.Call("GET", "/data", nil), http.StatusOK)
		if data["document_number"] != companion.DocumentNumber {
			t.Errorf("the application is for %v", data["document_number"])
		}
		// It is the companion's: it counts for the companion, and opens for the same face.
		h.View(companion)
	})
}

// Without the phone's location there is no application, and the answer says to allow it.
func TestT09_WithoutALocationNoApplication(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		form := h.Person().Application()
		for what, body := range map[string]harness.Object{
			"none": without(form, "location"), "empty": harness.With(form, harness.Object{"location": harness.Object{}}),
		} {
			problem := h.Call("POST", "/v1/applications", "", body).Refused(t, credential.LocationMissing)
			if !strings.Contains(problem.NextStep.Zh, "定位") || !strings.Contains(problem.NextStep.En, "location") {
				t.Errorf("%s: the next step is %+v", what, problem.NextStep)
			}
		}
		a := h.Register(h.Person())
		a.Call("POST", "/v1/applications", without(a.Person.Application(), "location")).Refused(t, credential.LocationMissing)
	})
}

// Only the resident identity card, in the articles' words; x and X are one character of
// its number.
func TestT10_OnlyTheResidentIdentityCard(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		form := h.Person().Application()
		for _, document := range []string{"passport", "hk_macau_permit", "taiwan_permit", "military_id", "RESIDENT_ID"} {
			problem := h.Call("POST", "/v1/applications", "", harness.With(form, harness.Object{"document_type": document})).Refused(t, credential.DocumentTypeNotSupported)
			if !strings.Contains(problem.Text.Zh, "该证件无法申请临时乘车身份证明") {
				t.Errorf("%s: the message is %q", document, problem.Text.Zh)
			}
		}
		upper, lower := h.EndingInX()
		h.Approved(upper)
		h.View(lower) // the same person
		h.Apply(lower).TryCheck(harness.FacePasses).Refused(t, credential.RenewalTooEarly)
	})
}

// statusOf asserts that an entry's status and its next step are there in both languages.
func statusOf(t *testing.T, e harness.Entry, status, zh, next string) {
	t.Helper()
	if e.Status != status || e.StatusText.Zh != zh || e.StatusText.En == "" || !strings.Contains(e.NextStep.Zh, next) || e.NextStep.En == "" {
		t.Errorf("shown as %s %+v %+v, want %s %s", e.Status, e.StatusText, e.NextStep, status, zh)
	}
}

// profileOf is what 查看个人信息 shows.
func profileOf(t *testing.T, a *harness.Account) harness.Entry {
	t.Helper()
	return harness.As[harness.Entry](t, a.Call("GET", "/v1/account", nil), http.StatusOK)
}

// The page of the own data shows the own status.
func TestR01_TheProfileShowsTheStatus(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Register(h.Person())
		statusOf(t, profileOf(t, a), "pending", "待核验", "二代居民身份证原件")
		a.Fail("holder")
		statusOf(t, profileOf(t, a), "failed", "未通过", "修改")
		b := h.Verified(h.Person())
		statusOf(t, profileOf(t, b), "verified", "已通过", "")
	})
}

// The list shows each passenger's status.
func TestR02_TheListShowsTheStatuses(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		pending, verified, failed := a.Add(h.Person()), a.AddSettled(h.Person()), a.Add(h.Person())
		a.Fail(failed.Passenger)
		statusOf(t, a.Entry(pending.Passenger), "pending", "待核验", "二代居民身份证原件")
		statusOf(t, a.Entry(verified.Passenger), "verified", "已通过", "")
		statusOf(t, a.Entry(failed.Passenger), "failed", "未通过", "修改")
		statusOf(t, a.Entry("holder"), "verified", "已通过", "")
	})
}

// The same two pages show the statuses of other documents.
func TestP01_TheStatusesOfOtherDocumentsAreShown(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Register(h.Visitor())
		passenger := a.Add(h.Visitor()).Passenger
		both := func(status, zh, next string) {
			t.Helper()
			statusOf(t, profileOf(t, a), status, zh, next)
			statusOf(t, a.Entry(passenger), status, zh, next)
		}
		both("to_be_submitted", "请报验", "预核验")
		h.Window().Verify(a, "holder", nil).OK(t)
		h.Window().Verify(a, passenger, nil).OK(t)
		both("pre_verified", "预通过", "")
		a.Judge("holder", true).OK(t)
		a.Judge(passenger, true).OK(t)
		both("verified", "已通过", "")
		failed := a.Add(h.Visitor()).Passenger
		a.Fail(failed)
		statusOf(t, a.Entry(failed), "failed", "未通过", "修改")
	})
}

// Pending tells, in the articles' words, to bring the original to a window or an agency.
func TestG25_PendingTellsWhereToGo(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		a.Entry(a.Add(h.Person()).Passenger).NextStep.Has(t, "需持二代居民身份证原件到车站售票窗口或铁路客票代售点办理核验")
	})
}

// An unverified user who wants to buy reads the articles' message.
func TestG29_TheMessageOfAnAccountThatMayNotBuy(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Register(h.Person())
		d := h.Ticketing.MayBuy(a, "holder")
		d.No(t, rules.AccountUnverified)
		if want := "您的账号尚未通过身份信息核验,不可购票,详见《铁路互联网购票身份核验须知》"; d.Refused.Text.Zh != want {
			t.Errorf("the message is %q, want %q", d.Refused.Text.Zh, want)
		}
	})
}

// A rare character that cannot be entered is replaced by its pinyin or a homophone, and
// the entry says so; a traditional one by the simplified one (G15). Such a name goes to
// the window.
func TestG13_PinyinOrAHomophoneForARareCharacter(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) { substituted(t, h, "测DA", "测达") })
}

func TestG15_TheSimplifiedCharacterForATraditionalOne(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) { substituted(t, h, "测国") })
}

// substituted registers and adds people under names with a replacement, as declared.
func substituted(t *testing.T, h *harness.Harness, names ...string) {
	t.Helper()
	a := h.Verified(h.Person())
	declared := harness.Object{"substituted": true}
	for _, name := range names {
		form := harness.With(h.Person().Named(name).Entry(), declared)
		e := harness.As[harness.Entry](t, a.Call("POST", "/v1/account/passengers", form), http.StatusCreated)
		if e.Name != name || !e.Substituted {
			t.Errorf("%q was added as %+v", name, e)
		}
		h.Agency().Verify(a, e.Passenger, nil).Refused(t, rules.StationWindowOnly)
		h.Window().Verify(a, e.Passenger, harness.Object{"proof": harness.Object{"kind": "holder_number", "value": a.Person.DocumentNumber}}).OK(t)

		registration := harness.With(h.Registration(h.Person().Named(name)), declared)
		h.Call("POST", "/v1/accounts", "", registration).OK(t)
	}
}

// Saved with a character that is not displayed: edited with pinyin or a homophone, and
// saved again.
func TestG14_EditedWithPinyinOrAHomophone(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		who := h.Person().Named("测𠮷")
		e := a.Add(who)
		for _, name := range []string{"测JI", "测吉"} {
			form := harness.With(who.Named(name).Entry(), harness.Object{"substituted": true, "version": a.Entry(e.Passenger).Version})
			edited := harness.As[harness.Entry](t, a.Call("PUT", "/v1/account/passengers/"+e.Passenger, form), http.StatusOK)
			if edited.Name != name || !edited.Substituted || edited.Status != "pending" {
				t.Errorf("saved as %+v", edited)
			}
		}
	})
}

// More than 30 units are cut to the first 30 in order; a Chinese character is two,
// spaces are not entered.
func TestG16_TheFirstThirtyUnits(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		for name, want := range map[string]string{
			strings.Repeat("测", 15):                strings.Repeat("测", 15),
			strings.Repeat("测", 16):                strings.Repeat("测", 15),
			"Test " + strings.Repeat("Visitor", 6): "Test" + strings.Repeat("Visitor", 6)[:26],
			"A" + strings.Repeat("测", 15):          "A" + strings.Repeat("测", 14),
		} {
			e := a.Add(h.Visitor().Named(name))
			if strings.ReplaceAll(e.Name, " ", "") != want {
				t.Errorf("%q was kept as %q, want %q", name, e.Name, want)
			}
			if cut := len([]rune(strings.ReplaceAll(name, " ", ""))) != len([]rune(want)); e.NameCut != cut {
				t.Errorf("%q: marked as cut: %v", name, e.NameCut)
			}
		}
	})
}

// "." and "·" are two characters: the name is as on the document.
func TestG18_TheTwoDotsDiffer(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		for _, name := range []string{"阿测·试", "阿测.试"} {
			if e := a.Add(h.Person().Named(name)); e.Name != name {
				t.Errorf("%q was added as %q", name, e.Name)
			}
		}
	})
}

// A first-generation card's number is refused with words of its own at every entrance.
func TestG20_FirstGenerationCardsAreNotSupported(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		old := harness.MakePerson("测试甲", "resident_id", "110105900307461", "")
		for what, answer := range map[string]harness.Answer{
			"applying":     h.Call("POST", "/v1/applications", "", old.Application()),
			"viewing":      h.TryView(old, harness.FacePasses),
			"registering":  h.Call("POST", "/v1/accounts", "", h.Registration(old)),
			"adding":       a.TryAdd(old),
			"searching":    h.Window().Search(old),
			"paper proofs": h.Police().PaperProof(old, "no_phone"),
		} {
			p := harness.As[harness.Problem](t, answer, answer.Status)
			if answer.Status != http.StatusUnprocessableEntity || p.Code != rules.FirstGenerationCard {
				t.Errorf("%s was answered %d %s", what, answer.Status, answer.Body)
			}
			if !strings.Contains(p.NextStep.Zh, "二代居民身份证") {
				t.Errorf("%s: the next step is %+v", what, p.NextStep)
			}
		}
	})
}

// A name that Latin letters spell in another case is the same name: saving it so is no
// change of a verified identity.
func TestG17_LatinLettersWithoutCase(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Visitor())
		profile := a.Profile()
		edit := func(name string) harness.Answer {
			form := harness.With(a.Person.Named(name).Identity(), harness.Object{"version": a.Profile()["version"], "phone": profile["phone"], "email": profile["email"]})
			return a.Call("PUT", "/v1/account", form)
		}
		edit("TEST visitor").OK(t)
		a.HasStatus("holder", "verified")
		edit("Test Visitors").Refused(t, rules.IdentityFixed)
	})
}
