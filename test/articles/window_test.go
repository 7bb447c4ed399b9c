package articles_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance"
	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/test/harness"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

// A window that has only the code gets the name, to compare it with the face and the document, and the
// tickets.
func TestT34_WindowIdentifiesThePersonByTheCode(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		buyer, person := h.Verified(h.Person()), h.Person()
		listed := buyer.AddSettled(person)
		own := h.Verified(person) // the person also has an account
		tickets := append(h.Ticketing.Buy(buyer, listed.Passenger, "holder"), h.Ticketing.Buy(own, "holder")...)
		code := h.Showing(person).Code()
		for _, purpose := range []string{"sale", "refund", "change", "verify"} {
			who := h.Window().Identify(code, purpose)
			if who.Name != person.Name || who.DocumentType != "resident_id" || who.Masked != person.DocumentNumber[:4]+"**********"+person.DocumentNumber[14:] {
				t.Fatalf("%s: %+v", purpose, who)
			}
			if len(who.Bookings) != 2 || who.SecondsLeft == 0 || len(who.Scopes) != 7 {
				t.Fatalf("%s: %d bookings, %d s left", purpose, len(who.Bookings), who.SecondsLeft)
			}
		}
		// The holder's own ticket of the other account is not the person's.
		var shown []string
		for _, b := range h.Window().Identify(code, "change").Bookings {
			shown = append(shown, b.Reference)
			if b.State != "valid" || b.Order == "" || b.Journey == nil || b.Journey.Train != "G101" || b.Journey.From != "北京南" || b.Journey.Seat != "12F" {
				t.Errorf("%+v", b)
			}
		}
		if want := tickets[0] + " " + tickets[2]; strings.Join(shown, " ") != want && strings.Join(shown, " ") != tickets[2]+" "+tickets[0] {
			t.Fatalf("the tickets are %v, want %s", shown, want)
		}
		h.Ticketing.Refund(buyer, tickets[0])
		replacement := h.Ticketing.Change(own, tickets[2])
		h.Ticketing.Cancel(replacement)
		states := map[string]string{}
		for _, b := range h.Window().Identify(code, "refund").Bookings {
			states[b.Reference] = b.State
		}
		if len(states) != 3 || states[tickets[0]] != "refunded" || states[tickets[2]] != "changed" || states[replacement] != "cancelled" {
			t.Fatalf("%v", states)
		}
		// Staff cannot see where the person has been. A cancelled ticket can still be refunded.
		h.Clock.Move(10 * 24 * time.Hour)
		code = h.Showing(person).Code()
		if b := h.Window().Identify(code, "refund").Bookings; len(b) != 1 || b[0].Reference != replacement {
			t.Fatalf("after the journeys: %+v", b)
		}
	})
}

// Each identification is in the audit log with its purpose and result, without personal data.
func TestT35_RolesIdentifyForTheirPurposes(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		p := h.Showing(h.Person())
		for role, may := range map[staff.Role]string{staff.Window: "sale refund change verify", staff.Agency: "sale verify", staff.Police: "verify"} {
			for _, purpose := range []string{"sale", "refund", "change", "verify"} {
				a := h.Staff(role).TryIdentify(p.Code(), purpose)
				if strings.Contains(may, purpose) {
					a.OK(t)
				} else if a.Refused(t, staff.PurposeForbidden); a.Status != http.StatusForbidden {
					t.Errorf("%s for %s: %d", role, purpose, a.Status)
				}
			}
		}
		for _, role := range []staff.Role{staff.Operator, staff.Ticketing, staff.Authority} {
			h.Staff(role).TryIdentify(p.Code(), "verify").Refused(t, staff.ForbiddenRole)
		}
		for _, purpose := range []string{"", "entry", "Sale", "sale ", "exchange"} {
			h.Window().TryIdentify(p.Code(), purpose).Refused(t, credential.PurposeInvalid)
		}
		h.Window().TryIdentify("https://example.com/menu", "verify").CodeRefused(h, "malformed")
		auditLog := h.AuditLog()
		if n := strings.Count(auditLog, `"action":"identify"`); n != 8 {
			t.Errorf("%d entries in the audit log, want 7 of identifications and 1 of a malformed code", n)
		}
		runtest.Has(t, auditLog, `"detail":"refund: ok"`, `"detail":"verify: malformed"`, `"id":"`+p.Serial+`"`, `"id":"unread"`)
		runtest.HasNot(t, auditLog, p.Person.Name, p.Person.DocumentNumber[6:14])
	})
}

// A code that a gate refuses identifies no person, and the answer has the verdict's reason and text.
func TestT36_RefusedCodeIdentifiesNoPerson(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		p := h.Showing(h.Person())
		both := func(code, reason string) {
			t.Helper()
			v := h.Gate.Scan(code, "verify")
			v.Denied(t, reason)
			problem := h.Window().TryIdentify(code, "verify").CodeRefused(h, reason)
			if problem.Text != v.Text {
				t.Errorf("%s: the window gets %q, the gate says %q", reason, problem.Text.En, v.Text.En)
			}
		}
		stale := p.Code()
		for _, code := range []string{"", "RG1:", stale + "\r", strings.ToLower(stale), "https://example.com/" + stale} {
			both(code, "malformed")
		}
		both("RG2"+stale[3:], "unsupported_version")
		h.Clock.Move(5 * time.Minute)
		both(stale, "code_stale")
		ahead := p.CodeAt(p.Step() + 2)
		both(ahead, "code_ahead")
		good := p.Code()
		h.Window().Identify(good, "verify")
		h.Window().Revoke(p.Serial)
		both(good, "revoked")
		h.Clock.Move(40 * time.Minute)
		both(p.Code(), "session_over")
		h.Clock.Move(24 * time.Hour)
		both(p.Code(), "credential_expired")
	})
}

// The codes are of another issuer, altered, and of a revoked subject.
func TestT40_ForeignAndAlteredCodesIdentifyNoPerson(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		p := h.Showing(h.Person())
		try := func(code string) harness.Answer { return h.Window().TryIdentify(code, "verify") }
		foreign := tokentest.NewIssuer(999).Open(0, h.Clock.Now().Unix())
		try(textOf(foreign.Code(0))).CodeRefused(h, "unknown_key")
		var shown tokens.Token
		if r := shown.ParseText([]byte(p.Code())); r != tokens.ReasonOK {
			t.Fatal(r)
		}
		pass := *shown.Pass()
		forged := tokens.Assemble(&pass, uint8(shown.Step()), tokens.Link{1})
		try(forged.Text()).CodeRefused(h, "link_mismatch")
		pass[len(pass)-1] ^= 1
		forged = tokens.Assemble(&pass, uint8(shown.Step()), tokens.Link(shown.Bytes()[tokens.PassSize+1:]))
		try(forged.Text()).CodeRefused(h, "bad_signature")

		now := h.Clock.Now()
		cutoff := credential.SubjectCutoff{Subject: shown.Subject(), Before: now.Unix() + 1, Who: "operator-1", At: database.MillisAt(now)}
		if _, err := h.Issuer.Credentials.Store.RevokeSubject(t.Context(), cutoff); err != nil {
			t.Fatal(err)
		}
		try(p.Code()).CodeRefused(h, "revoked")
		h.Gate.Scan(p.Code(), "verify").Denied(t, "revoked")
	})
}

// With a stolen issuer key a pass for any serial can be made. It opens a gate but identifies no person,
// since its session is not in the database.
func TestT43_PassOfAStolenKeyIdentifiesNoPerson(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		p := h.Showing(h.Person())
		thief := tokentest.Issuer{ID: h.KeyID(), Signer: h.Signer()}
		for what, session := range map[string]tokentest.Session{
			"a serial that was never issued": thief.Open(4000, h.Clock.Now().Unix()),
			"a person's serial":              thief.Open(serialOf(t, p.Serial).Index, h.Clock.Now().Unix()-1),
		} {
			code := textOf(session.Code(0))
			h.Gate.Scan(code, "verify").Allowed(t)
			problem := h.Window().TryIdentify(code, "verify").Refused(t, credential.CredentialNotFound)
			if !strings.Contains(problem.Detail, "stolen key") {
				t.Errorf("%s: %s", what, problem.Detail)
			}
		}
		h.Window().Identify(p.Code(), "verify")
	})
}

// addStaff adds a staff credential, optionally restricted to some purposes.
func addStaff(secret *string, name string, role staff.Role, purposes ...staff.Purpose) harness.Option {
	return func(c *issuance.Config) {
		made, credential, err := staff.New(name, role)
		if err != nil {
			panic(err)
		}
		credential.Purposes = purposes
		*secret, c.Staff = made, append(c.Staff, credential)
	}
}

func textOf(code tokens.Token) string { return code.Text() }

func serialOf(t *testing.T, text string) tokens.Serial {
	t.Helper()
	serial, err := tokens.ParseSerial(text)
	runtest.Must(t, err)
	return serial
}

func TestT23_ClosedSessionIdentifiesNoPerson(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		p := a.ApplyShowing()
		h.Window().Identify(p.Code(), "verify")
		a.LogOut()
		h.Window().TryIdentify(p.Code(), "verify").CodeRefused(h, "session_closed")
	})
}

// The window compares the name with the document.
func TestG27_NamesAreReturnedAsEntered(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		for _, name := range []string{"محمد بن", "𠮷野家", "O'Neil-Smith", "阿卜杜拉·买买提"} {
			p := h.Showing(h.Person().Named(name))
			if who := h.Window().Identify(p.Code(), "verify"); who.Name != name {
				t.Errorf("%q was returned as %q", name, who.Name)
			}
		}
		none := h.Person().Named("<script>alert(1)</script>").Application()
		h.Call("POST", "/v1/applications", "", none).Refused(t, credential.NameInvalid)
		runtest.HasNot(t, h.Logs.String(), "script>", "𠮷")
	})
}

// The operator sets the purposes of a credential and its number of identifications.
func TestG31_IdentificationsOfACredentialAreBounded(t *testing.T) {
	var secret string
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		p := h.Showing(h.Person())
		h.Window().Identify(p.Code(), "sale")
		h.Window().Identify(p.Code(), "sale")
		for range 2 { // the third of the minute
			problem := h.Window().TryIdentify(p.Code(), "sale").Refused(t, staff.IdentificationsSpent)
			if problem.RetryAt <= h.Clock.Now().Unix() || problem.RetryAt > h.Clock.Now().Unix()+60 {
				t.Fatalf("again at %d, now %d", problem.RetryAt, h.Clock.Now().Unix())
			}
		}
		h.Agency().Identify(p.Code(), "sale") // another credential
		h.Clock.Move(time.Minute)
		h.Window().Identify(p.Code(), "sale")
		h.Clock.Move(time.Minute)
		h.Window().TryIdentify(p.Code(), "sale").Refused(t, staff.IdentificationsSpent) // the fourth of the day
		h.Call("POST", "/v1/identifications", secret, harness.Object{"code": p.Code(), "purpose": "sale"}).Refused(t, staff.PurposeForbidden)
		h.Call("POST", "/v1/identifications", secret, harness.Object{"code": p.Code(), "purpose": "verify"}).OK(t)

		day := tokens.DayOf(h.Clock.Now().Unix())
		h.Ticketing.Subjects(day, h.Person(), h.Person())
		problem := h.Ticketing.TrySubjects(day, h.Person(), h.Person()).Refused(t, staff.SubjectsSpent)
		if midnight := time.Unix(problem.RetryAt, 0).UTC(); midnight.Hour() != 16 || midnight.Minute() != 0 {
			t.Errorf("again at %v, which is not midnight in Beijing", midnight)
		}
		h.Ticketing.Subjects(day, h.Person())
		h.Clock.Move(24 * time.Hour)
		h.Ticketing.Subjects(day, h.Person(), h.Person(), h.Person())
	}, addStaff(&secret, "side-entrance", staff.Window, staff.Verification), func(c *issuance.Config) {
		c.Credentials.Identifications = throttle.Allowance{Minute: 2, Day: 3}
		c.Credentials.Subjects = throttle.Allowance{Day: 3}
	})
}

// A ticketing system's list of a day's travellers contains the pseudonyms of the gates' verdicts.
func TestG26_TravellerListIsKeyedByPseudonyms(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		traveller, other := h.Person(), h.Person()
		p := h.Showing(traveller)
		v := h.Gate.Scan(p.Code(), "entry")
		v.Allowed(t)
		day := int64(serialOf(t, v.Serial).Day)
		got := h.Ticketing.Subjects(day, other, traveller)
		if len(got) != 2 || got[1] != v.Subject || got[0] == v.Subject {
			t.Fatalf("the gate says %s, the list %v", v.Subject, got)
		}
		if next := h.Ticketing.Subjects(day+1, traveller); next[0] == v.Subject {
			t.Error("another day has the same pseudonym")
		}
		auditLog := h.AuditLog()
		runtest.Has(t, auditLog, `"detail":"2 persons"`, fmt.Sprintf(`"id":"%d"`, day))
		runtest.HasNot(t, auditLog, traveller.DocumentNumber)
		h.Window().Call("POST", "/v1/subjects", harness.Object{"day": day, "persons": []harness.Object{}}).Refused(t, staff.ForbiddenRole)
	})
}

// The problem names the place of the fault and no content.
func TestG26_FaultyListIsRefusedAsAWhole(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		good := h.Person()
		day := tokens.DayOf(h.Clock.Now().Unix())
		first := good.Numbered(good.DocumentNumber[:6] + good.DocumentNumber[8:17])
		wrong := good.Numbered(good.DocumentNumber[:17] + "?")
		for what, bad := range map[string]harness.Person{"15 digits": first, "no check digit": wrong, "a passport": h.Visitor()} {
			problem := h.Ticketing.TrySubjects(day, good, bad).Refused(t, credential.SubjectsInvalid)
			if !strings.Contains(problem.Detail, "persons[1]") || strings.Contains(problem.Detail, bad.DocumentNumber) {
				t.Errorf("%s: %s", what, problem.Detail)
			}
		}
		many := make([]harness.Person, credential.MaxSubjects+1)
		for i := range many {
			many[i] = good
		}
		h.Ticketing.TrySubjects(day, many...).Refused(t, credential.SubjectsInvalid)
		if n := len(h.Ticketing.Subjects(day, many[1:]...)); n != credential.MaxSubjects {
			t.Errorf("%d pseudonyms", n)
		}
		h.Ticketing.TrySubjects(day).Refused(t, credential.SubjectsInvalid)
		for _, other := range []int64{day - 3, day + 32, -1, 65536, 1 << 62} {
			h.Ticketing.TrySubjects(other, good).Refused(t, credential.SubjectsInvalid)
		}
		h.Ticketing.Subjects(day-2, good)
		h.Ticketing.Subjects(day+31, good)
		// A lower-case x is the same number.
		upper, lower := h.EndingInX()
		if got := h.Ticketing.Subjects(day, upper, lower); got[0] != got[1] {
			t.Errorf("%v", got)
		}
		if auditLog := h.AuditLog(); strings.Count(auditLog, `"action":"derive_subjects"`) != 4 {
			t.Errorf("the audit log: %s", auditLog)
		}
	})
}

// A one-time code reveals the account to one ticketing system, once.
func TestG22_TicketingSystemLearnsTheAccountByAOneTimeCode(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		redeemed := harness.As[struct{ Account string }](t, h.Ticketing.Redeem(a.Code(nil), nil), http.StatusOK).Account
		if redeemed != a.ID {
			t.Fatalf("redeemed %s, want %s", redeemed, a.ID)
		}
		h.Ticketing.MayBuy(a, "holder").Yes(t)
		refused := func(what, code string, more harness.Object) {
			t.Helper()
			if got := h.Ticketing.Redeem(code, more).Refused(t, account.AccountCodeInvalid); got.Status != http.StatusNotFound {
				t.Errorf("%s: %d", what, got.Status)
			}
		}
		used := a.Code(nil)
		h.Ticketing.Redeem(used, nil).OK(t)
		refused("a second time", used, nil)
		refused("a third time", used, nil)
		refused("unknown", "rgc_"+strings.Repeat("0", 64), nil)
		refused("a login token", a.Token, nil)
		first := a.Code(nil)
		second := a.Code(nil)
		refused("a replaced code", first, nil)
		h.Ticketing.Redeem(second, nil).OK(t)
		late := a.Code(nil)
		h.Clock.Move(account.AccountCodeLife)
		refused("an expired code", late, nil)
		intime := a.Code(nil)
		h.Clock.Move(account.AccountCodeLife - time.Second)
		h.Ticketing.Redeem(intime, nil).OK(t)
		ended := a.LogIn()
		code := ended.Code(nil)
		ended.LogOut()
		refused("a code of an ended login", code, nil)

		verifier := strings.Repeat("v", 43)
		sum := sha256.Sum256([]byte(verifier))
		bound := harness.Object{"challenge": base64.RawURLEncoding.EncodeToString(sum[:])}
		refused("without its verifier", a.Code(bound), nil)
		refused("with another verifier", a.Code(bound), harness.Object{"verifier": strings.Repeat("w", 43)})
		refused("with a verifier for no challenge", a.Code(nil), harness.Object{"verifier": verifier})
		h.Ticketing.Redeem(a.Code(bound), harness.Object{"verifier": verifier}).OK(t)
		wrong := a.Code(bound)
		refused("a guess", wrong, nil)
		refused("the right one after a guess", wrong, harness.Object{"verifier": verifier})
		a.TryCode(harness.Object{"challenge": "short"}).Refused(t, account.ChallengeInvalid)

		for _, client := range []string{"", "unknown-1", "window-1", "ticketing-1 "} {
			a.TryCode(harness.Object{"client": client}).Refused(t, account.ClientUnknown)
		}
		h.Window().Call("POST", "/v1/account-codes", harness.Object{"code": a.Code(nil)}).Refused(t, staff.ForbiddenRole)
		h.Call("POST", "/v1/account/codes", "", harness.Object{"client": "ticketing-1"}).Refused(t, account.LoginRequired)

		auditLog := h.AuditLog()
		for _, want := range []string{"redeemed", "refused: used before", "refused: expired", "refused: wrong verifier", "refused: the login has ended"} {
			runtest.Has(t, auditLog, `"detail":"`+want+`"`)
		}
		runtest.HasNot(t, auditLog, "rgc_")
		runtest.HasNot(t, h.Logs.String(), "rgc_")
		data := string(a.Call("GET", "/v1/account/data", nil).Body)
		runtest.Has(t, data, `"account_codes":[{"client":"ticketing-1","made_at":`, `"redeemed_at":`)
		h.Clock.Move(account.AccountCodeKept)
		if s, err := h.Issuer.Accounts.Sweep(t.Context(), h.Clock.Now()); err != nil || s.AccountCodes == 0 {
			t.Errorf("swept %+v: %v", s, err)
		}
	})
}

// A code that another ticketing system presents may be stolen and is invalidated.
func TestG33_AccountCodeIsForOneTicketingSystem(t *testing.T) {
	var secret string
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		code := a.Code(nil)
		other := &harness.Ticketing{Staff: h.StaffWith(secret)}
		other.Redeem(code, nil).Refused(t, account.AccountCodeInvalid)
		h.Ticketing.Redeem(code, nil).Refused(t, account.AccountCodeInvalid)
		code = a.Code(harness.Object{"client": "ticketing-2"})
		other.Redeem(code, nil).OK(t)
	}, addStaff(&secret, "ticketing-2", staff.Ticketing))
}

// Every account refunds its tickets online. Online change is for verified passengers and, with other
// documents, for all except failed ones. A cancellation changes neither.
func TestR22_OnlineRefundAndChangeOfReportedTickets(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a, other := h.Verified(h.Person()), h.Verified(h.Person())
		guest := a.Add(h.Visitor())
		tickets := h.Ticketing.Buy(a, "holder", guest.Passenger)
		ask := func(kind string, who *harness.Account, ticket string) harness.Decision {
			return h.Ticketing.Ask(harness.Object{"kind": kind, "account": who.ID, "ticket": ticket})
		}
		for _, ticket := range tickets {
			ask("refund_online", a, ticket).Yes(t)
			ask("change_online", a, ticket).Yes(t)
			ask("refund_online", other, ticket).No(t, rules.NotItsTicket)
		}
		h.Ticketing.Cancel(tickets[0])
		ask("refund_online", a, tickets[0]).Yes(t)
		ask("change_online", a, tickets[0]).Yes(t)
		a.Fail(guest.Passenger) // R24, P21: no change for a failed passenger
		ask("change_online", a, tickets[1]).No(t, rules.PassengerStatus)
		ask("refund_online", a, tickets[1]).Yes(t) // P19: refund for all
		replacement := h.Ticketing.Change(a, tickets[0])
		ask("refund_online", a, replacement).Yes(t) // R23: the replacement belongs to the account as well
	})
}

// A report that differs from an earlier one for the same reference, or is impossible, is refused and
// changes nothing.
func TestG30_InvalidTicketReportsAreRefused(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		event, tickets := h.Ticketing.Bought(a, "holder")
		h.Ticketing.TryReport(event).OK(t)
		h.Ticketing.TryReport(event).OK(t)
		issued := event["issued"].([]harness.Object)[0]
		for what, c := range map[string]struct {
			more harness.Object
			code problem.Code
		}{
			"another seat":  {harness.Object{"journey": harness.With(issued["journey"].(harness.Object), harness.Object{"seat": "01A"})}, "ticket_conflict"},
			"no seat":       {harness.Object{"journey": harness.With(issued["journey"].(harness.Object), harness.Object{"seat": ""})}, "ticket_event_invalid"},
			"no train":      {harness.Object{"journey": nil}, "body_malformed"},
			"a long coach":  {harness.Object{"journey": harness.With(issued["journey"].(harness.Object), harness.Object{"coach": strings.Repeat("0", 17)})}, "ticket_event_invalid"},
			"arrival first": {harness.Object{"journey": harness.With(issued["journey"].(harness.Object), harness.Object{"arrives_at": 1})}, "ticket_event_invalid"},
		} {
			bad := harness.With(event, harness.Object{"issued": []harness.Object{harness.With(issued, c.more)}})
			if got := h.Ticketing.TryReport(bad).Refused(t, c.code); strings.Contains(got.Detail, "01A") {
				t.Errorf("%s: %s", what, got.Detail)
			}
		}
		h.Ticketing.TryReport(harness.With(event, harness.Object{"order": "O9"})).Refused(t, "ticket_conflict")
		runtest.Has(t, string(a.Call("GET", "/v1/account/data", nil).Body), tickets[0], "12F")
		if e := a.Entry("holder"); e.Tickets != 1 {
			t.Errorf("%d tickets are counted", e.Tickets)
		}
	})
}
