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

// The fields are name, document type, document number and city; all are required.
func TestT05_FormHasFourRequiredFields(t *testing.T) {
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

// The profile has the form's fields under the same names and may be submitted unchanged.
func TestT06_ProfileFillsInTheForm(t *testing.T) {
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

// The application is for the person named in the form.
func TestT07_FilledInFieldsCanBeChanged(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a, companion := h.Register(h.Person()), h.Person()
		a.Person = companion
		p := a.Apply()
		p.Check()
		data := harness.As[harness.Object](t, p.Call("GET", "/data", nil), http.StatusOK)
		if data["document_number"] != companion.DocumentNumber {
			t.Errorf("the application is for %v", data["document_number"])
		}
		// The application counts for the companion and is shown after the companion's face check.
		h.View(companion)
	})
}

// The next step says to allow the location.
func TestT09_ApplicationNeedsTheLocation(t *testing.T) {
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

// The problem has the articles' text. In a number, x and X are one character.
func TestT10_OnlyTheResidentIdentityCardQualifies(t *testing.T) {
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

// wantEntryTexts fails unless an entry shows the status and its next step in both languages.
func wantEntryTexts(t *testing.T, e harness.Entry, status, zh, next string) {
	t.Helper()
	if e.Status != status || e.StatusText.Zh != zh || e.StatusText.En == "" || !strings.Contains(e.NextStep.Zh, next) || e.NextStep.En == "" {
		t.Errorf("shown as %s %+v %+v, want %s %s", e.Status, e.StatusText, e.NextStep, status, zh)
	}
}

// profileOf is the page 查看个人信息.
func profileOf(t *testing.T, a *harness.Account) harness.Entry {
	t.Helper()
	return harness.As[harness.Entry](t, a.Call("GET", "/v1/account", nil), http.StatusOK)
}

func TestR01_ProfileShowsTheStatus(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Register(h.Person())
		wantEntryTexts(t, profileOf(t, a), "pending", "待核验", "二代居民身份证原件")
		a.Fail("holder")
		wantEntryTexts(t, profileOf(t, a), "failed", "未通过", "修改")
		b := h.Verified(h.Person())
		wantEntryTexts(t, profileOf(t, b), "verified", "已通过", "")
	})
}

func TestR02_ListShowsEachStatus(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		pending, verified, failed := a.Add(h.Person()), a.AddSettled(h.Person()), a.Add(h.Person())
		a.Fail(failed.Passenger)
		wantEntryTexts(t, a.Entry(pending.Passenger), "pending", "待核验", "二代居民身份证原件")
		wantEntryTexts(t, a.Entry(verified.Passenger), "verified", "已通过", "")
		wantEntryTexts(t, a.Entry(failed.Passenger), "failed", "未通过", "修改")
		wantEntryTexts(t, a.Entry("holder"), "verified", "已通过", "")
	})
}

// Profile and list show them.
func TestP01_StatusesOfOtherDocumentsAreShown(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Register(h.Visitor())
		passenger := a.Add(h.Visitor()).Passenger
		both := func(status, zh, next string) {
			t.Helper()
			wantEntryTexts(t, profileOf(t, a), status, zh, next)
			wantEntryTexts(t, a.Entry(passenger), status, zh, next)
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
		wantEntryTexts(t, a.Entry(failed), "failed", "未通过", "修改")
	})
}

// The text is that of the articles.
func TestG25_NextStepOfPendingNamesWindowAndAgency(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		a.Entry(a.Add(h.Person()).Passenger).NextStep.Has(t, "需持二代居民身份证原件到车站售票窗口或铁路客票代售点办理核验")
	})
}

// The text is that of the articles.
func TestG29_UnverifiedAccountIsToldWhyItCannotBuy(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Register(h.Person())
		d := h.Ticketing.MayBuy(a, "holder")
		d.No(t, rules.AccountUnverified)
		if want := "您的账号尚未通过身份信息核验,不可购票,详见《铁路互联网购票身份核验须知》"; d.Refused.Text.Zh != want {
			t.Errorf("the message is %q, want %q", d.Refused.Text.Zh, want)
		}
	})
}

// The entry declares the replacement, and only a window checks such a name. G15 is the same for a
// traditional character.
func TestG13_PinyinOrAHomophoneReplacesARareCharacter(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) { substituted(t, h, "测DA", "测达") })
}

func TestG15_SimplifiedCharacterReplacesATraditionalOne(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) { substituted(t, h, "测国") })
}

// substituted registers and adds people with declared replacements in their names.
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

// A passenger whose name has an undisplayable character is edited with pinyin or a homophone.
func TestG14_NameIsEditedToPinyinOrAHomophone(t *testing.T) {
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

// A Chinese character counts two, a space nothing.
func TestG16_NameIsCutToThirtyUnits(t *testing.T) {
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
				t.Errorf("%q is stored as %q, want %q", name, e.Name, want)
			}
			if cut := len([]rune(strings.ReplaceAll(name, " ", ""))) != len([]rune(want)); e.NameCut != cut {
				t.Errorf("%q: marked as cut: %v", name, e.NameCut)
			}
		}
	})
}

// The name is entered as on the document.
func TestG18_FullStopAndMiddleDotDiffer(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		for _, name := range []string{"阿测·试", "阿测.试"} {
			if e := a.Add(h.Person().Named(name)); e.Name != name {
				t.Errorf("%q was added as %q", name, e.Name)
			}
		}
	})
}

// Every form refuses the number with its own problem.
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

// Another case of Latin letters is the same name and no edit of a verified identity.
func TestG17_CaseOfLatinLettersIsIgnored(t *testing.T) {
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
