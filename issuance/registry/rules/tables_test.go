package rules

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/test/harness/runtest"
)

var now = time.Date(2026, 2, 10, 6, 0, 0, 0, identity.Beijing)

// shortNames are the names of the possible statuses in the tables of testdata.
var shortNames = map[kindStatus]string{
	{resident, Verified}: "rv", {resident, Pending}: "rp", {resident, Failed}: "rf",
	{other, Verified}: "ov", {other, PreVerified}: "op", {other, ToBeSubmitted}: "ot", {other, Failed}: "of",
}

// everyStatus enumerates documents and statuses, including unknown ones.
func everyStatus(each func(d identity.DocumentType, s Status, name string)) {
	for d := range identity.DocumentType(6) {
		for s := range Status(8) {
			each(d, s, shortNames[kindStatusOf(d, s)])
		}
	}
}

// readTable reads a file of testdata and returns the words of each line by its first columns.
func readTable(t *testing.T, file string, keys, lines int) map[string][]string {
	t.Helper()
	f, err := os.Open("testdata/" + file)
	runtest.Must(t, err)
	defer f.Close()
	rows := map[string][]string{}
	text := bufio.NewScanner(f)
	for text.Scan() {
		words := strings.Fields(text.Text())
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		key := strings.Join(words[:keys], " ")
		if rows[key] != nil {
			t.Fatalf("%s: duplicate %s", file, key)
		}
		rows[key] = append([]string{}, words[keys:]...)
	}
	if text.Err() != nil || len(rows) != lines {
		t.Fatalf("%s: %d lines, want %d: %v", file, len(rows), lines, text.Err())
	}
	return rows
}

// person is a person with a document, a different one for each number.
func person(d identity.DocumentType, n int) identity.Person {
	return identity.Person{Name: identity.Name{Text: "测试"}, Document: d, Number: string(rune('A' + n))}
}

func passenger(d identity.DocumentType, s Status) Passenger {
	return Passenger{Person: person(d, 1), Status: s, AddedAt: now}
}

func account(d identity.DocumentType, s Status) Account {
	return Account{Person: person(d, 2), Status: s}
}

// refused fails unless err is the problem with the code; an empty code means no error.
func refused(t *testing.T, err error, code problem.Code, name string, args ...any) {
	t.Helper()
	if code == "" && err == nil || code != "" && problem.Is(err, code) {
		return
	}
	t.Errorf(name+": %v, want %q", append(args, err, code)...)
}

func TestPossibleStatusesByDocument(t *testing.T) {
	possible := 0
	everyStatus(func(d identity.DocumentType, s Status, name string) {
		if Possible(d, s) != (name != "") {
			t.Errorf("%v %v: possible is %v", d, s, name == "")
		}
		if Possible(d, s) {
			possible++
		}
	})
	if possible != 3+3*4 {
		t.Errorf("%d statuses are possible", possible)
	}
}

func TestStatusNamesAreStable(t *testing.T) {
	want := map[Status][2]string{1: {"verified", "已通过"}, 2: {"pending", "待核验"}, 3: {"to_be_submitted", "请报验"}, 4: {"pre_verified", "预通过"}, 5: {"failed", "未通过"}}
	if len(Statuses()) != len(want) {
		t.Fatalf("%d statuses", len(Statuses()))
	}
	for s := range Status(8) {
		names, known := want[s]
		if !known {
			names = [2]string{"unknown", ""}
		}
		if s.String() != names[0] || s.Chinese() != names[1] {
			t.Errorf("%d is %q, %q", s, s.String(), s.Chinese())
		}
		if got, err := ParseStatus(names[0]); known && (got != s || err != nil) || !known && err == nil {
			t.Errorf("%q is parsed as %d: %v", names[0], got, err)
		}
	}
	if Initial(identity.ResidentID) != Pending || Initial(identity.Passport) != ToBeSubmitted {
		t.Error("wrong initial status")
	}
}

// The test tries all documents, statuses and actors.
func TestB_OnlyListedTransitionsAreAllowed(t *testing.T) {
	allowed := readTable(t, "moves.txt", 3, 30)
	for actor := range Actor(8) {
		everyStatus(func(d identity.DocumentType, s Status, from string) {
			everyStatus(func(e identity.DocumentType, u Status, to string) {
				err := CanTransition(DocumentStatus{d, s}, DocumentStatus{e, u}, actor)
				want := allowed[actor.String()+" "+from+" "+to] != nil && (actor == Holder || d == e || actor == Window && (s == Verified || s == PreVerified))
				if (err == nil) != want {
					t.Errorf("%v moves %v %v to %v %v: %v", actor, d, s, e, u, err)
				}
				if err != nil && !problem.Is(err, TransitionRefused) && !problem.Is(err, IdentityFixed) && !problem.Is(err, StationWindowOnly) {
					t.Errorf("%v moves %v %v: %v", actor, d, s, err)
				}
			})
		})
	}
}

func TestB_CheckedIdentityCannotBeEdited(t *testing.T) {
	to := DocumentStatus{identity.ResidentID, Pending}
	for _, from := range []DocumentStatus{{identity.ResidentID, Verified}, {identity.Passport, Verified}, {identity.TaiwanPermit, PreVerified}} {
		refused(t, CanTransition(from, to, Holder), IdentityFixed, "%v", from)
	}
}

func TestB2_AccountsAddPassengersByStatus(t *testing.T) {
	rows := readTable(t, "add.txt", 1, 7)
	everyStatus(func(d identity.DocumentType, s Status, name string) {
		for passengerDocument := range identity.DocumentType(6) {
			p := passenger(passengerDocument, Initial(passengerDocument))
			err := CanAdd(account(d, s), p, Counts{}, DefaultLimits())
			want := AccountStatus
			if row, k := rows[name], kindOf(passengerDocument); row != nil && k != 0 {
				want = map[string]problem.Code{"yes": "", "no": AccountStatus, "other": OtherDocumentsOnly}[row[k-1]]
			}
			refused(t, err, want, "an account %v %v adds %v", d, s, passengerDocument)
		}
	})
}

func TestB5_AccountsBuyForPassengersByStatus(t *testing.T) {
	rows := readTable(t, "buy.txt", 1, 7)
	columns := map[string]int{"rv": 0, "rp": 1, "rf": 2, "ov": 3, "op": 4, "ot": 5, "of": 6}
	everyStatus(func(d identity.DocumentType, s Status, buyer string) {
		everyStatus(func(e identity.DocumentType, u Status, traveller string) {
			err := CanBuy(account(d, s), passenger(e, u), 1, DefaultLimits())
			want := buyer != "" && traveller != "" && rows[buyer][columns[traveller]] == "yes"
			code := []problem.Code{AccountStatus, PassengerStatus, OtherDocumentsOnly}
			if s == Pending || s == Failed {
				code = []problem.Code{AccountUnverified, OtherDocumentsOnly}
			}
			if (err == nil) != want || err != nil && !slices.ContainsFunc(code, func(c problem.Code) bool { return problem.Is(err, c) }) {
				t.Errorf("an account %v %v buys for %v %v: %v", d, s, e, u, err)
			}
		})
	})
}

func TestB4_EditAndDeletionByStatus(t *testing.T) {
	rows := readTable(t, "list.txt", 2, 14)
	words := map[string]problem.Code{"yes": "", "fixed": IdentityFixed, "kept": PassengerKept, "bought": TicketBought}
	limits := DefaultLimits()
	everyStatus(func(d identity.DocumentType, s Status, name string) {
		for bought, tickets := range []string{"none", "some"} {
			p := passenger(d, s)
			p.Tickets = bought
			want := [3]problem.Code{TransitionRefused, PassengerStatus, PassengerStatus}
			if name != "" {
				for i, word := range rows[name+" "+tickets] {
					want[i] = words[word]
				}
			}
			_, err := CanEdit(account(identity.ResidentID, Verified), p, person(identity.ResidentID, 5), Counts{}, limits)
			refused(t, err, want[0], "edit %v %v with tickets: %s", d, s, tickets)
			refused(t, CanDelete(account(identity.ResidentID, Verified), p, limits, now.Add(limits.Keep-time.Nanosecond)), want[1], "delete %v %v early", d, s)
			refused(t, CanDelete(account(identity.ResidentID, Verified), p, limits, now.Add(limits.Keep)), want[2], "delete %v %v late", d, s)
		}
	})
}

func TestB6_OnlineRefundAndChangeByStatus(t *testing.T) {
	rows := readTable(t, "online.txt", 1, 7)
	everyStatus(func(d identity.DocumentType, s Status, name string) {
		p := passenger(d, s)
		want := PassengerStatus
		if name != "" && rows[name][1] == "yes" {
			want = ""
		}
		a, l := account(identity.ResidentID, Verified), DefaultLimits()
		refused(t, CanChangeOnline(a, p, true, l), want, "change for %v %v", d, s)
		refused(t, CanChangeOnline(a, p, false, l), NotItsTicket, "change of another's ticket for %v %v", d, s)
		if name != "" && rows[name][0] != "yes" {
			t.Errorf("the table has no refund for %s", name)
		}
	})
	refused(t, CanRefundOnline(true), "", "refund of its ticket")
	refused(t, CanRefundOnline(false), NotItsTicket, "refund of another's ticket")
}

func TestB7_ServicesByCounterAndStatus(t *testing.T) {
	rows := readTable(t, "counter.txt", 2, 21)
	words := map[string]problem.Code{
		"yes": "", "first": "", "window": StationWindowOnly, "refund": RefundOnly, "never": ServiceNotHere, "counter": CounterOnly, "check": PassengerStatus,
	}
	for step, name := range []string{"nothing", "verification", "pre_verification", "unknown"} {
		if got := Step(step).String(); got != name {
			t.Errorf("step %d is %q", step, got)
		}
	}
	for at := range Actor(7) {
		for service := range Service(5) {
			everyStatus(func(d identity.DocumentType, s Status, name string) {
				p := passenger(d, s)
				serving := Serving{At: at, Service: service}
				if at == Machine {
					serving.Original, serving.Card = true, Card{Name: p.Person.Name.Text, Number: p.Person.Number}
				}
				first, err := CanServe(p, "", serving)
				want, step := ServiceNotHere, Nothing
				if (at == Window || at == Agency || at == Machine) && service >= Exchange && service <= Refund {
					want = PassengerStatus
					if name != "" {
						word := rows[at.String()+" "+name][service-1]
						want = words[word]
						if word == "first" {
							step = map[string]Step{"rp": Verification, "ot": PreVerification}[name]
						}
					}
				}
				if at != Window && service != Exchange && name == "" {
					want = err.(*problem.Error).Code // either problem is correct
				}
				refused(t, err, want, "%v does %d for %v %v", at, service, d, s)
				if first != step {
					t.Errorf("%v does %d for %v %v: first %v, want %v", at, service, d, s, first, step)
				}
			})
		}
	}
}

// CountList counts a list before the person is written to line at; -1 is a new line.
func CountList(list []Passenger, person identity.Person, at int) (c Counts) {
	for i, p := range list {
		c.Add(p.Status, 1)
		c.Duplicate = c.Duplicate || i != at && p.Person.SameDocument(person)
	}
	return c
}

// The names are part of requests and of the audit log.
func TestStableNamesRoundTrip(t *testing.T) {
	kinds := map[string]func(name string) (fmt.Stringer, error){
		"actor":   func(name string) (fmt.Stringer, error) { return ParseActor(name) },
		"service": func(name string) (fmt.Stringer, error) { return ParseService(name) },
		"proof":   func(name string) (fmt.Stringer, error) { return ParseProofKind(name) },
	}
	for kind, names := range map[string][]string{
		"actor":   {"window", "agency", "authority", "holder", "machine", "online"},
		"service": {"exchange", "change", "refund"},
		"proof":   {"phone_end", "email_start", "holder_number"},
	} {
		for i, name := range names {
			v, err := kinds[kind](name)
			if err != nil || v.String() != name || fmt.Sprintf("%d", v) != fmt.Sprint(i+1) {
				t.Errorf("%s %q is %v: %v", kind, name, v, err)
			}
		}
		for _, name := range []string{"", "unknown", "Window", "refund ", "phone"} {
			if v, err := kinds[kind](name); err == nil {
				t.Errorf("%s %q is parsed as %v", kind, name, v)
			}
		}
	}
	for _, v := range []fmt.Stringer{Actor(0), Actor(7), Service(0), Service(4), ProofKind(0), ProofKind(4)} {
		if v.String() != "unknown" {
			t.Errorf("%T %d is %q", v, v, v)
		}
	}
}
