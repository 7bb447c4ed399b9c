package rules

import (
	"testing"

	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
)

func TestR27_MachineExchangesOnlyWithThePassengersCard(t *testing.T) {
	p := passenger(identity.ResidentID, Verified)
	p.Person.Name.Text, p.Person.Number = "Test 甲", "11010519491231002X"
	good := Serving{At: Machine, Service: Exchange, Original: true, Card: Card{Name: "Test 甲", Number: "11010519491231002X"}}
	with := func(change func(s *Serving)) Serving {
		s := good
		change(&s)
		return s
	}
	for _, c := range []struct {
		name string
		what Serving
		code problem.Code
	}{
		{"the passenger's card", good, ""},
		{"letters in another case", with(func(s *Serving) { s.Card.Name, s.Card.Number = "TEST 甲", "11010519491231002x" }), ""},
		{"another name", with(func(s *Serving) { s.Card.Name = "Test 乙" }), CardMismatch},
		{"another number", with(func(s *Serving) { s.Card.Number = "110105199003074616" }), CardMismatch},
		{"no card", with(func(s *Serving) { s.Card = Card{} }), OriginalMissing},
		{"no original", with(func(s *Serving) { s.Original = false }), OriginalMissing},
		{"a change", with(func(s *Serving) { s.Service = Change }), ServiceNotHere},
		{"a refund", with(func(s *Serving) { s.Service = Refund }), ServiceNotHere},
	} {
		_, err := CanServe(p, "O1", c.what)
		refused(t, err, c.code, "%s", c.name)
	}
	for _, mark := range []func(*identity.Person){
		func(p *identity.Person) { p.Name.OverLong = true }, func(p *identity.Person) { p.Name.Uncommon = true }, func(p *identity.Person) { p.Substituted = true },
	} {
		rare := p
		mark(&rare.Person)
		_, err := CanServe(rare, "O1", with(func(s *Serving) { s.Order = "O1" }))
		refused(t, err, CounterOnly, "a name of rule B1")
	}
}

// The requirement holds for each service of a counter.
func TestR29_R30_SpecialNamesNeedOriginalAndOrderNumber(t *testing.T) {
	for _, status := range []Status{Verified, Failed} {
		p := passenger(identity.ResidentID, status)
		p.Person.Name.Uncommon = true
		for _, at := range []Actor{Window, Agency} {
			for service := Exchange; service <= Refund; service++ {
				_, without := CanServe(passenger(identity.ResidentID, status), "O1", Serving{At: at, Service: service})
				for _, c := range []struct {
					original     bool
					given, order string
					code         problem.Code
				}{
					{true, "O1", "O1", ""}, {false, "O1", "O1", OriginalMissing}, {true, "", "O1", OrderWrong}, {true, "O2", "O1", OrderWrong},
					{true, "O1", "", OrderWrong}, {true, "", "", OrderWrong}, {true, "o1", "O1", OrderWrong},
				} {
					_, err := CanServe(p, c.order, Serving{At: at, Service: service, Original: c.original, Order: c.given})
					want := c.code
					if without != nil {
						want = without.(*problem.Error).Code // not available to any passenger
					}
					refused(t, err, want, "%v %v %d: %+v", status, at, service, c)
				}
			}
		}
	}
}
