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

// paperProof is a paper proof as returned to the police desk and to the person.
type paperProof struct {
	ID       string `json:"paper_proof"`
	Reason   string
	IssuedAt int64 `json:"issued_at"`
	ErasedAt int64 `json:"erased_at"`
}

// paperProofs are the paper proofs in the personal data of an application or an account.
func paperProofs(t *testing.T, data harness.Answer) []paperProof {
	t.Helper()
	return harness.As[struct {
		PaperProofs []paperProof `json:"paper_proofs"`
	}](t, data, http.StatusOK).PaperProofs
}

// wantPaperProofs fails unless the personal data of an application or an account contain the paper
// proofs.
func wantPaperProofs(t *testing.T, data harness.Answer, want ...paperProof) {
	t.Helper()
	if seen := paperProofs(t, data); !slices.Equal(seen, want) {
		t.Errorf("the data contain %+v, want %+v", seen, want)
	}
}

// The police desk records the paper proof that it makes.
func TestT02_FourthApplicationIsSentToThePoliceWindow(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		who := h.Person()
		useMonthlyQuota(h, who)
		fourth := h.Apply(who)
		fourth.TryCheck(harness.FacePasses).Refused(t, credential.QuotaExceeded).NextStep.Has(t, policeWindow, "police window")
		made := harness.As[paperProof](t, h.Police().PaperProof(who, "quota_used_up"), http.StatusCreated)
		if made.Reason != "quota_used_up" || made.IssuedAt != h.Clock.Now().Unix() || made.ErasedAt != made.IssuedAt+31*24*3600 {
			t.Errorf("recorded as %+v", made)
		}
		// The data of the refused application contain it.
		wantPaperProofs(t, fourth.Call("GET", "/data", nil), made)
	})
}

// Paper proofs use no application, and their number is not limited.
func TestT02_PaperProofCountsInNoQuota(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		who := h.Person()
		for range 4 {
			h.Police().PaperProof(who, "no_phone").OK(t)
		}
		useMonthlyQuota(h, who)
		h.Police().PaperProof(who, "quota_used_up").OK(t)
	})
}

// Every reason of failure names the police window, including another document type.
func TestT20_FailedApplicantsAreSentToThePoliceWindow(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		who := h.Person()
		visitor := h.Visitor()
		for what, a := range map[string]harness.Answer{
			"a failed face check":              h.Apply(who).TryCheck(harness.FaceFails),
			"a name that does not match":       h.Apply(who.Named("测试不符")).TryCheck(harness.FacePasses),
			"a cancelled card":                 h.Apply(who.Named("测试注销")).TryCheck(harness.FacePasses),
			"another document":                 h.Call("POST", "/v1/applications", "", visitor.Application()),
			"a failed face check of a viewing": h.TryView(who, harness.FaceFails),
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

// Only the police desk makes paper proofs. The audit log records them without name and number, and they
// are erased after 31 days.
func TestT20_PaperProofIsAuditedAndErased(t *testing.T) {
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
		wantPaperProofs(t, a.Call("GET", "/v1/account/data", nil)) // the number is not verified yet
		a.Settle("holder")
		wantPaperProofs(t, a.Call("GET", "/v1/account/data", nil), made)
		h.Clock.Move(31*24*time.Hour + time.Second)
		h.Erase()
		wantPaperProofs(t, a.LogIn().Call("GET", "/v1/account/data", nil))
	})
}

// Passports with one number are distinguished by nationality; for permits it is optional.
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

// The data of an application contain paper proofs only after the face check.
func TestT20_NumberAloneShowsNoPaperProof(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		who := h.Person()
		made := harness.As[paperProof](t, h.Police().PaperProof(who, "no_phone"), http.StatusCreated)
		p := h.Apply(who)
		wantPaperProofs(t, p.Call("GET", "/data", nil))
		p.Check()
		wantPaperProofs(t, p.Call("GET", "/data", nil), made)
	})
}
