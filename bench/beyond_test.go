package bench

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/railgate/railgate/booking"
	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// The data of a large station: tickets and passages among which those of the codes are found.
const (
	otherTickets  = 500_000
	otherPassages = 1_000_000
)

var beyondStation = revocation.StationOf("北京南")

// bookingsOf returns a table with a ticket for every code, held at now, and those of other passengers.
func bookingsOf(b *testing.B, c *corpus) *booking.Table {
	random := rand.New(rand.NewPCG(11, 12))
	table := booking.NewTable(booking.Config{Stations: []revocation.Station{beyondStation}})
	ticket := uint64(0)
	book := func(day uint16, subject tokens.Subject) {
		ticket++
		one := booking.Booking{Ticket: ticket, Day: day, Subject: subject, From: beyondStation, To: revocation.StationOf("上海虹桥"),
			Train: "G101", Departs: now + 3600, Arrives: now + 7200, Coach: "05", Seat: "12F"}
		table.Apply(string(one.Append(nil)), now*1000, now*1000)
	}
	for i := range c.codes {
		book(c.codes[i].code.Serial().Day, c.codes[i].code.Subject())
	}
	today := uint16(tokens.DayOf(now))
	for range otherTickets {
		var s tokens.Subject
		for i := range s {
			s[i] = byte(random.Uint32())
		}
		book(today-uint16(random.IntN(2)), s)
	}
	if n := table.Stats().Tickets; n != otherTickets+len(c.codes) {
		b.Fatalf("%d tickets", n)
	}
	return table
}

// passagesOf returns a table with passages of other passengers in both generations.
func passagesOf(b *testing.B) *passage.Table {
	table, err := passage.NewTable(4*otherPassages, passage.CodeLife*time.Millisecond)
	if err != nil {
		b.Fatal(err)
	}
	const earlier = now*1000 - 2*passage.CodeLife
	p := passage.Passage{Serial: tokens.Serial{Day: 1}, At: earlier, Station: "a", Device: "b"}
	table.Turn(earlier)
	for ; p.Serial.Index < otherPassages; p.Serial.Index++ {
		if p.Serial.Index == otherPassages/2 {
			p.At = now * 1000
			table.Turn(p.At)
		}
		table.Merge(&p)
	}
	if s := table.Stats(); s.Entries != otherPassages || s.Turns != 1 {
		b.Fatalf("%+v", s)
	}
	return table
}

// BenchmarkCheckBeyond runs the check of CheckCached/ours, and then looks up the ticket and uses the code up: every
// code is a first use, since each turn through the corpus is one life of a code later. Like a gateway it prefetches
// both tables before the links are hashed; ours-late does not.
func BenchmarkCheckBeyond(b *testing.B) {
	c, r := theCorpus(), theRevoked()
	run := func(b *testing.B, ahead func(t *tokens.Token), beyond func(i int, t *tokens.Token) bool) {
		passes := &onceShown{Cache: warmCache(b, c.passes(), c.shown())}
		checker := tokens.Checker{Keys: c.keys, Revocations: r.set, Passes: passes, Ahead: ahead}
		var token tokens.Token
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			s := &c.codes[i%codeCount]
			passes.first = s.session.Links[0]
			if token.ParseText(s.text) != tokens.ReasonOK || checker.Check(&token, now, tokens.Entry) != tokens.ReasonOK || !beyond(i, &token) {
				b.Fatal("a valid code was refused")
			}
		}
	}
	b.Run("plain-code-only", func(b *testing.B) {
		run(b, nil, func(int, *tokens.Token) bool { return true })
	})
	bookings, passages := bookingsOf(b, c), passagesOf(b)
	early := func(t *tokens.Token) {
		bookings.Prefetch(t.Serial().Day, t.Subject())
		passages.Prefetch(t.Serial())
	}
	place := passage.PlaceOf("北京南", "gate-1")
	at := int64(now * 1000)
	for _, c := range []struct {
		name  string
		ahead func(*tokens.Token)
	}{{"ours", early}, {"ours-late", nil}} {
		b.Run(c.name, func(b *testing.B) {
			var query booking.Query
			var ticket booking.Ticket
			var attempt passage.Attempt
			run(b, c.ahead, func(i int, t *tokens.Token) bool {
				if i%codeCount == 0 {
					at += passage.CodeLife
				}
				query = booking.Query{Day: t.Serial().Day, Subject: t.Subject(), Scope: tokens.Entry, Station: beyondStation, At: now, Opens: 12 * 3600}
				if bookings.Look(&query, &ticket); ticket.Held != booking.Valid {
					return false
				}
				attempt = passage.Attempt{Serial: t.Serial(), Step: uint8(t.Step()), Way: passage.In, At: at, Place: place, Window: passage.CodeLife}
				return passages.Attempt(&attempt, unforgiving{}).Outcome == passage.Admitted
			})
		})
	}
}

// unforgiving forgives nothing.
type unforgiving struct{}

func (unforgiving) Forgiven(tokens.Serial) int64 { return 0 }
