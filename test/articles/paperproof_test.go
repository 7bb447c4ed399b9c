package articles_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/test/harness"
)

const policeWindow = "公安制证窗口"

// paperProof is a paper proof as the desk, and the person, are told of it.
type paperProof struct {
	ID       string `json:"paper_proof"`
	Reason   string
	IssuedAt int64 `json:"issued_at"`
	ErasedAt int64 `json:"erased_at"`
}

// paperProofs are those that the data of an application or an account show.
func paperProofs(t *testing.T, data harness.Answer) []paperProof {
	t.Helper()
	return harness.As[struct {
		PaperProofs []paperProof `json:"paper_proofs"`
	}](t, data, http.StatusOK).PaperProofs
}

// shows asserts which paper proofs the data of an application or an account show.
func shows(t *testing.T, data harness.Answer, want ...paperProof) {
	t.Helper()
	if seen := paperProofs(t, data); !slices.Equal(seen, want) {
		t.Errorf("the person sees %+v, want %+v", seen, want)
	}
}

// The fourth application of a month is refused, and sent to the police window. The
// desk records the proof that it makes on paper; the proof counts in no quota.
func TestT02_TheFourthIsSentToThePoliceWindow(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		who := h.Person()
		three(h, who)
		fourth := h.Apply(who)
		fourth.TryCheck(harness.FacePasses).Refused(t, credential.QuotaExceeded).NextStep.Has(t, policeWindow, "police window")
		made := harness.As[paperProof](t, h.Police().PaperProof(who, "quota_used_up"), http.StatusCreated)
		if made.Reason != "quota_used_up" || made.IssuedAt != h.Clock.Now().Unix() || made.ErasedAt != made.IssuedAt+31*24*3600 {
			t.Errorf("recorded as %+v", made)
		}
		// The person sees it, with the application that was refused.
		shows(t, fourth.Call("GET", "/data", nil), made)
	})
}

// A paper proof takes nothing of the three, and a person with none left gets as many
// as the desk makes.
func TestT02_APaperProofCountsInNoQuota(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		who := h.Person()
		for range 4 {
			h.Police().PaperProof(who, "no_phone").OK(t)
		}
		three(h, who)
		h.Police().PaperProof(who, "quota_used_up").OK(t)
	})
}

// An applicant without success is sent to the police window for a proof on paper, for
// every reason of failure; so is an applicant with another document.
func TestT20_WithoutSuccessThePoliceWindowMakesAPaperProof(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		who := h.Person()
		visitor := h.Visitor()
		for what, a := range map[string]harness.Answer{
			"a failed face check":  h.Apply(who).TryCheck(harness.FaceFails),
			"a name of no card":    h.Apply(who.Named("测试不符")).TryCheck(harness.FacePasses),
			"a cancelled card":     h.Apply(who.Named("测试注销")).TryCheck(harness.FacePasses),
			"another document":     h.Call("POST", "/v1/applications", "", visitor.Application()),
			"a face check refused": h.TryView(who, harness.FaceFails),
		} {
			p := harness.As[harness.Problem](t, a, a.Status)
			if a.Status < 400 || !strings.Contains(p.NextStep.Zh, policeWindow) || !strings.Contains(p.NextStep.En, "police window") {
				t.Errorf("%s: answered %d %s", what, a.Status, a.Body)
			}
		}
		h.Police().PaperProof(who, "not_approved").OK(t)
		h.Police().PaperProof(visitor, "document_not_supported").OK(t)
	})
}

// The paper proof is the police desk's alone, is on the audit log without a name or a
// number, and is gone after 31 days.
func TestT20_ThePaperProofIsAuditedAndErased(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		who := h.Person()
		for _, role := range []staff.Role{staff.Window, staff.Agency, staff.Operator, staff.Ticketing, staff.Authority} {
			h.Staff(role).PaperProof(who, "no_phone").Refused(t, staff.ForbiddenRole)
		}
		h.Police().PaperProof(who, "whim").Refused(t, credential.ReasonInvalid)
		h.Police().PaperProof(harness.MakePerson("", "library_card", "1", ""), "no_phone").Refused(t, account.DocumentInvalid)
		wrong := who.Numbered(who.DocumentNumber[:17] + "?")
		h.Police().PaperProof(wrong, "no_phone").Refused(t, account.NumberInvalid)
		made := harness.As[paperProof](t, h.Police().PaperProof(who, "no_phone"), http.StatusCreated)

		log := h.Police().Call("GET", "/v1/audit-log?kind=paper_proof&object="+made.ID, nil)
		log.OK(t)
		if text := string(log.Body); strings.Count(text, `"issue_paper_proof"`) != 1 || !strings.Contains(text, `"police-1"`) ||
			!strings.Contains(text, `"no_phone"`) || strings.Contains(text, who.DocumentNumber) {
			t.Errorf("the audit log says %s", text)
		}

		// An account with the same number shows it once the identity was checked.
		a := h.Register(who)
		shows(t, a.Call("GET", "/v1/account/data", nil)) // only typed the number
		a.Settle("holder")
		shows(t, a.Call("GET", "/v1/account/data", nil), made)
		h.Clock.Move(31*24*time.Hour + time.Second)
		h.Erase()
		shows(t, a.LogIn().Call("GET", "/v1/account/data", nil))
	})
}

// Other documents' paper proofs are seen by their holders: of passports, the nationality
// tells two of one number apart; with permits it may be left out.
func TestT20_PaperProofsOfOtherDocuments(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		visitor := h.Visitor()
		other := visitor
		other.Nationality = "FRA"
		permit := harness.MakePerson("Test Visitor", "hk_macau_permit", "H12345678", "CHN")
		bare := permit
		bare.Nationality = ""
		for _, who := range []harness.Person{visitor, other, other, bare} {
			h.Police().PaperProof(who, "document_not_supported").OK(t)
		}
		for _, c := range []struct {
			who  harness.Person
			want int
		}{{visitor, 1}, {other, 2}, {permit, 1}} {
			a := h.Register(c.who)
			h.Window().Verify(a, "holder", nil).OK(t)
			if seen := paperProofs(t, a.Call("GET", "/v1/account/data", nil)); len(seen) != c.want {
				t.Errorf("%s %s sees %d, want %d", c.who.DocumentType, c.who.Nationality, len(seen), c.want)
			}
		}
	})
}

// An application that only knows a number shows no paper proof: not before the face
// check.
func TestT20_ANumberAloneShowsNoPaperProof(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		who := h.Person()
		made := harness.As[paperProof](t, h.Police().PaperProof(who, "no_phone"), http.StatusCreated)
		p := h.Apply(who)
		shows(t, p.Call("GET", "/data", nil))
		p.Check()
		shows(t, p.Call("GET", "/data", nil), made)
	})
}
