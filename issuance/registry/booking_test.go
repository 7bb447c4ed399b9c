package registry

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/booking"
	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/outbox"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/test/issuerdb"
	"github.com/railgate/railgate/tokens"
)

const (
	bookingPartitions = 6
	opens             = 12 * time.Hour
)

// openStream opens the stream of bookings and makes the store publish to it.
func (env *setup) openStream() *outbox.Outbox {
	env.T.Helper()
	box, err := outbox.Open(env.T.Context(), outbox.Config{Database: env.Address, Partitions: 1, Now: env.DB.Now})
	env.Must(err)
	env.T.Cleanup(func() { box.Close() })
	stream, err := box.OpenBookings(env.T.Context(), outbox.BookingsConfig{Partitions: bookingPartitions, Now: env.DB.Now, Place: PlaceBooking,
		Active: ActiveBookings(Config{Vault: env.DB.Vault, Opens: opens})})
	env.Must(err)
	env.BookingStream, env.Opens = stream, opens
	return stream
}

// told is everything that the outbox has for gateways, read as they read it.
type told struct {
	*setup
	table   *booking.Table
	records [bookingPartitions][]booking.Booking
}

// told reads the stream and leaves the records in the outbox.
func (env *setup) told(stream *outbox.Outbox) *told {
	env.T.Helper()
	w := &told{setup: env, table: booking.NewTable(booking.Config{})}
	for p := range bookingPartitions {
		for _, r := range issuerdb.TakeRecords(env.T, stream, p, 10000).Records {
			w.table.Apply(r.Body, r.At, env.Now().UnixMilli())
			b, err := booking.Parse(r.Body)
			env.Must(err)
			w.records[p] = append(w.records[p], b)
		}
	}
	return w
}

// all counts the records of all partitions.
func (w *told) all() (n int) {
	for _, records := range w.records {
		n += len(records)
	}
	return n
}

// held is the answer of the gate at the station From, at the departure of a journey, about a person with a code of
// that day.
func (w *told) held(j *Journey, e identity.Entry) booking.Held {
	at := j.Departs.Unix()
	day := uint16(tokens.DayOf(at))
	var ticket booking.Ticket
	w.table.Look(&booking.Query{
		Day: day, Subject: w.DB.Vault.Subject(day, identity.ResidentID, e.DocumentNumber), Scope: tokens.Entry, Station: revocation.StationOf(j.From),
		At: at, Opens: int64(opens / time.Second),
	}, &ticket)
	return ticket.Held
}

// near is a report of tickets for a journey that departs in some hours.
func (env *setup) near(h account.Holder, reference string, in time.Duration, passengers ...string) (TicketEvent, *Journey) {
	e := env.purchase(h, reference, passengers...)
	j := env.journey()
	j.Departs = time.Unix(env.Now().Add(in).Unix(), 0)
	j.Arrives = j.Departs.Add(5 * time.Hour)
	for i := range e.Issued {
		e.Issued[i].Journey, e.Issued[i].Ends = j, j.Arrives.Add(time.Hour)
	}
	return e, j
}

// A reported ticket is in the partitions of both its stations, under the pseudonym of each day on which a credential
// for the journey can have been approved, without any personal data. Persons who cannot have a temporary ID have none.
func TestReportedTicketsReachTheirStations(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		stream := env.openStream()
		h := env.registerVerified(resident(1))
		own, j := env.near(h, "T1", 20*time.Hour, "")
		env.record(own)
		first, last := booking.Days(j.Departs.Unix(), j.Arrives.Unix(), int64(opens/time.Second))
		days := int(last-first) + 1
		from := booking.Partition(revocation.StationOf(j.From), bookingPartitions)
		to := booking.Partition(revocation.StationOf(j.To), bookingPartitions)
		if from == to || days < 3 {
			t.Fatalf("this journey tests little: partitions %d and %d, %d days", from, to, days)
		}
		w := env.told(stream)
		for p, records := range w.records {
			if p != from && p != to {
				if len(records) != 0 {
					t.Errorf("partition %d has %d records", p, len(records))
				}
				continue
			}
			var got []uint16
			for _, b := range records {
				got = append(got, b.Day)
				if b.Subject != env.DB.Vault.Subject(b.Day, identity.ResidentID, resident(1).DocumentNumber) {
					t.Errorf("partition %d, day %d: another pseudonym", p, b.Day)
				}
				if b.Train != j.Train || b.Seat != j.Seat || b.Coach != j.Coach || b.Departs != j.Departs.Unix() || b.Arrives != j.Arrives.Unix() || b.Cancelled {
					t.Errorf("partition %d: %+v", p, b)
				}
			}
			if len(got) != days || slices.Min(got) != first || slices.Max(got) != last {
				t.Errorf("partition %d has the days %v, want %d to %d", p, got, first, last)
			}
		}
		if w.held(j, resident(1)) != booking.Valid || w.held(j, resident(2)) != booking.None {
			t.Errorf("the holder is %v, a stranger %v", w.held(j, resident(1)), w.held(j, resident(2)))
		}

		guest, citizen := env.addPassenger(h, visitor(1)), env.addPassenger(h, resident(3))
		env.checkAtWindow(Ref{h.Account(), citizen.ID}, true)
		before := w.all()
		report, _ := env.near(h, "T2", 20*time.Hour, guest.ID)
		env.record(report)
		if n := env.told(stream).all(); n != before {
			t.Errorf("a passport caused %d records", n-before)
		}
		report, j = env.near(h, "T3", 20*time.Hour, citizen.ID)
		env.record(report)
		env.record(report) // repeated, because its answer was lost
		if w = env.told(stream); w.all() != 2*before || w.held(j, resident(3)) != booking.Valid {
			t.Errorf("%d records, want %d; the passenger is %v", w.all(), 2*before, w.held(j, resident(3)))
		}
		pass := env.purchase(h, "T4", citizen.ID)
		pass.Issued[0].Journey = nil // a multi-ride ticket has no train
		env.record(pass)
		if n := env.told(stream).all(); n != 2*before {
			t.Errorf("a ticket without a train caused %d records", n-2*before)
		}
	})
}

// A ticket bought weeks ahead is published once, by one of two issuers, when its journey is near. One that was
// refunded before is never published.
func TestBookingsAreReleasedWhenTheJourneyIsNear(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		stream := env.openStream()
		h := env.registerVerified(resident(1))
		report, j := env.near(h, "T1", 20*day, "", "")
		env.record(report)
		env.record(TicketEvent{Principal: env.by(staff.Ticketing), Kind: TicketRefunded, Ticket: "T1-1"})
		other, _ := env.newIssuer()
		other.BookingStream, other.Opens = stream, opens
		release := func() (sum int) {
			t.Helper()
			got := env.AtOnce(4, func(i int) error {
				_, err := []*Store{env.Store, other}[i%2].PublishBookings(t.Context())
				return err
			})
			if got[""] != 4 {
				t.Fatal(got)
			}
			return env.told(stream).all()
		}
		if n := release(); n != 0 {
			t.Fatalf("%d records 20 days ahead", n)
		}
		env.Pass(20*day - BookedAhead - time.Second)
		if n := release(); n != 0 {
			t.Fatalf("%d records a second too early", n)
		}
		env.Pass(2 * time.Second)
		n := release()
		first, last := booking.Days(j.Departs.Unix(), j.Arrives.Unix(), int64(opens/time.Second))
		if want := 2 * (int(last-first) + 1); n != want {
			t.Fatalf("%d records, want %d", n, want)
		}
		if again := release(); again != n {
			t.Fatalf("%d records after a second release, before %d", again, n)
		}
		if held := env.told(stream).held(j, resident(1)); held != booking.Valid {
			t.Errorf("the holder is %v", held)
		}
		if waiting := env.Count(`SELECT COUNT(*) FROM tickets WHERE book_ms IS NOT NULL`); waiting != 0 {
			t.Errorf("%d tickets wait", waiting)
		}
	})
}

// Whatever ends a ticket reaches the same partitions and pseudonyms, after the booking.
func TestEndedTicketsAreCancelled(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		stream := env.openStream()
		h := env.registerVerified(resident(1))
		for i, kind := range []EventKind{TicketRefunded, TicketCancelled, TicketChanged} {
			report, j := env.near(h, fmt.Sprintf("T%d", i), []time.Duration{30, 40, 20}[i]*time.Hour, "")
			env.record(report)
			if held := env.told(stream).held(j, resident(1)); held != booking.Valid {
				t.Fatalf("%v: bought, and the holder is %v", kind, held)
			}
			end := TicketEvent{Principal: env.by(staff.Ticketing), Kind: kind, Ticket: report.Issued[0].Reference}
			later, moved := env.near(h, fmt.Sprintf("N%d", i), 44*time.Hour, "")
			if kind == TicketChanged {
				end.Order, end.Issued = "MarkedOrder", later.Issued[:1]
			}
			env.record(end)
			env.record(end)
			w := env.told(stream)
			if held := w.held(j, resident(1)); held == booking.Valid {
				t.Errorf("%v: the holder still has the ticket", kind)
			}
			if kind == TicketChanged && w.held(moved, resident(1)) != booking.Valid {
				t.Errorf("changed: the holder is %v for the new journey", w.held(moved, resident(1)))
			}
			for p, records := range w.records {
				booked, cancelled := map[booking.Booking]int{}, map[booking.Booking]int{}
				for at, b := range records {
					key := booking.Booking{Ticket: b.Ticket, Day: b.Day, Subject: b.Subject}
					if b.Cancelled {
						cancelled[key]++
						if booked[key] == 0 {
							t.Errorf("%v, partition %d: record %d cancels what was not booked", kind, p, at)
						}
						continue
					}
					if booked[key]++; cancelled[key] > 0 {
						t.Errorf("%v, partition %d: record %d books what was cancelled", kind, p, at)
					}
				}
				for key, n := range booked {
					if n != 1 || cancelled[key] > 1 {
						t.Errorf("%v, partition %d: booked %d times, cancelled %d", kind, p, n, cancelled[key])
					}
				}
			}
		}
		// A cancelled ticket that is refunded later is already cancelled at the gates.
		before := env.told(stream).all()
		env.record(TicketEvent{Principal: env.by(staff.Ticketing), Kind: TicketRefunded, Ticket: "T1-0"})
		if n := env.told(stream).all(); n != before {
			t.Errorf("the refund of a cancelled ticket caused %d records", n-before)
		}
	})
}

// An edit of a failed identity moves the bookings of its journeys, and an edit back moves them back: a gateway that
// saw the first cancellation accepts the third booking.
func TestBookingsFollowTheIdentity(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		stream := env.openStream()
		h := env.registerVerified(resident(1))
		near, j := env.near(h, "T1", 20*time.Hour, "")
		env.record(near)
		far, distant := env.near(h, "T2", 10*day, "")
		env.record(far)
		d := DuplicateVisit{Principal: env.by(staff.Window), Document: documentOf(resident(1)), Visit: validVisit}
		env.Must(env.FreeIdentity(t.Context(), d))
		env.Must(env.editIdentity(h, resident(2)))
		w := env.told(stream)
		if a, b := w.held(j, resident(1)), w.held(j, resident(2)); a != booking.None || b != booking.Valid {
			t.Fatalf("after the edit the old person is %v and the new one %v", a, b)
		}
		// Our rules give the lost identity back at a window only; the entry's own number is what matters here.
		env.Must(env.editIdentity(h, resident(3)))
		env.Must(env.editIdentity(h, resident(2)))
		w = env.told(stream)
		for n, want := range map[int]booking.Held{1: booking.None, 2: booking.Valid, 3: booking.None} {
			if held := w.held(j, resident(n)); held != want {
				t.Errorf("after edits there and back person %d is %v, want %v", n, held, want)
			}
		}
		refund := TicketEvent{Principal: env.by(staff.Ticketing), Kind: TicketRefunded, Ticket: "T1-0"}
		env.record(refund)
		if held := env.told(stream).held(j, resident(2)); held == booking.Valid {
			t.Error("a refund after edits leaves the booking")
		}
		env.Pass(10*day - BookedAhead + time.Minute)
		env.Done(env.PublishBookings(t.Context()))
		w = env.told(stream)
		if a, b := w.held(distant, resident(1)), w.held(distant, resident(2)); a != booking.None || b != booking.Valid {
			t.Errorf("of the journey that was far the old person is %v and the new one %v", a, b)
		}
	})
}

// An edited passenger's bookings follow too.
func TestBookingsFollowAPassenger(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		stream := env.openStream()
		h := env.registerVerified(resident(1))
		l := env.addPassenger(h, resident(2))
		env.checkAtWindow(Ref{h.Account(), l.ID}, true)
		report, j := env.near(h, "T1", 20*time.Hour, l.ID)
		env.record(report)
		env.Exec(`UPDATE passengers SET status = 5 WHERE id = $1`, l.ID) // failed: only such an entry can be edited
		l = env.line(h, l.ID)
		env.Done(env.Edit(t.Context(), h, l.ID, l.Version, enteredPassenger(resident(3))))
		w := env.told(stream)
		if a, b := w.held(j, resident(2)), w.held(j, resident(3)); a != booking.None || b != booking.Valid {
			t.Errorf("after the edit the old person is %v and the new one %v", a, b)
		}
	})
}

// A passenger who had a passport when the journey came near, and a resident ID card afterwards, has the booking.
func TestBookingsFollowFromAPassport(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		stream := env.openStream()
		h := env.registerVerified(resident(1))
		l := env.addPassenger(h, visitor(1))
		report, j := env.near(h, "T1", 20*time.Hour, l.ID)
		env.record(report)
		env.Exec(`UPDATE passengers SET status = 5 WHERE id = $1`, l.ID) // failed: only such an entry can be edited
		l = env.line(h, l.ID)
		env.Done(env.Edit(t.Context(), h, l.ID, l.Version, enteredPassenger(resident(3))))
		if held := env.told(stream).held(j, resident(3)); held != booking.Valid {
			t.Errorf("after the edit the person is %v", held)
		}
		env.record(TicketEvent{Principal: env.by(staff.Ticketing), Kind: TicketRefunded, Ticket: "T1-0"})
		if held := env.told(stream).held(j, resident(3)); held != booking.None {
			t.Errorf("after the refund the person is %v", held)
		}
	})
}

// An issuer without the stream changes only the due times; one with the stream publishes what is due, also for
// tickets from before the stream existed, and cancels what ended meanwhile.
func TestBookingsWaitForAStream(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerVerified(resident(1))
		refund := func(ticket string) TicketEvent {
			return TicketEvent{Principal: env.by(staff.Ticketing), Kind: TicketRefunded, Ticket: ticket}
		}
		a, j := env.near(h, "A", 20*time.Hour, "", "")
		env.record(a)
		env.record(refund("A-1"))
		far, distant := env.near(h, "B", 10*day, "")
		env.record(far)
		env.Exec(`UPDATE tickets SET book_ms = 0 WHERE state = 1`) // as the migration leaves them
		env.Done(env.PublishBookings(t.Context()))
		if n := env.Count(`SELECT COUNT(*) FROM outbox`); n != 0 {
			t.Fatalf("%d records without a stream", n)
		}
		stream := env.openStream()
		env.Done(env.PublishBookings(t.Context()))
		w := env.told(stream)
		if w.held(j, resident(1)) != booking.Valid || w.held(distant, resident(1)) != booking.None {
			t.Errorf("near: %v, far: %v", w.held(j, resident(1)), w.held(distant, resident(1)))
		}
		if n := env.Count(`SELECT COUNT(*) FROM tickets WHERE book_ms = $1`, distant.Departs.Add(-BookedAhead).UnixMilli()); n != 1 {
			t.Error("the far journey is not due two days before it")
		}

		env.BookingStream = nil
		env.record(refund("A-0"))
		if env.told(stream).held(j, resident(1)) != booking.Valid {
			t.Error("an issuer without the stream told gateways")
		}
		env.BookingStream = stream
		env.Done(env.PublishBookings(t.Context()))
		if env.told(stream).held(j, resident(1)) == booking.Valid {
			t.Error("the refund was forgotten")
		}
	})
}

// A ticket that cannot be read delays no other one, and its report is accepted. The error names its id.
func TestUnreadableTicketDelaysNoOther(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		stream := env.openStream()
		h := env.registerVerified(resident(1))
		a, _ := env.near(h, "A", 10*day, "")
		env.record(a)
		env.Exec(`UPDATE tickets SET itinerary = $1, id = 'tkt_broken'`, []byte("not an encrypted field of any version"))
		b, j := env.near(h, "B", 10*day+time.Second, "")
		env.record(b)
		env.Pass(10*day - BookedAhead + time.Minute)
		_, err := env.PublishBookings(t.Context())
		if err == nil || !strings.Contains(err.Error(), "tkt_broken") {
			t.Fatalf("the fault is not reported: %v", err)
		}
		env.TellsNothing(err)
		if held := env.told(stream).held(j, resident(1)); held != booking.Valid {
			t.Errorf("the other ticket is %v", held)
		}
		if _, err := env.PublishBookings(t.Context()); err != nil {
			t.Errorf("the ticket is tried again at once: %v", err)
		}
		env.record(TicketEvent{Principal: env.by(staff.Ticketing), Kind: TicketRefunded, Ticket: "A-0"})
	})
}

// Everything that concerns a journey that is not over is republished, cancellations too, and nothing else.
func TestActiveBookingsAreRepublished(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		stream := env.openStream()
		h := env.registerVerified(resident(1))
		a, j := env.near(h, "A", 20*time.Hour, "")
		env.record(a)
		b, ended := env.near(h, "B", 22*time.Hour, "")
		env.record(b)
		env.record(TicketEvent{Principal: env.by(staff.Ticketing), Kind: TicketRefunded, Ticket: "B-0"})
		far, distant := env.near(h, "C", 10*day, "")
		env.record(far)
		all := env.told(stream).all()
		publishAll := func() { env.Exec(`DELETE FROM outbox`) }
		publishAll()
		_, err := stream.Republish(t.Context(), 0, env.Now().UnixMilli())
		env.Must(err)
		w := env.told(stream)
		if w.held(j, resident(1)) != booking.Valid || w.held(ended, resident(1)) == booking.Valid || w.held(distant, resident(1)) != booking.None {
			t.Errorf("republished: %v, %v, %v", w.held(j, resident(1)), w.held(ended, resident(1)), w.held(distant, resident(1)))
		}
		var cancelled int
		for _, records := range w.records {
			for _, b := range records {
				if b.Cancelled {
					cancelled++
				}
			}
		}
		if cancelled == 0 || w.all() >= all {
			t.Errorf("%d records, %d of them cancellations; before %d", w.all(), cancelled, all)
		}
		publishAll()
		env.Pass(3 * day)
		_, err = stream.Republish(t.Context(), 0, env.Now().UnixMilli())
		env.Must(err)
		if n := env.told(stream).all(); n != 0 {
			t.Errorf("%d records of journeys that are over", n)
		}
	})
}

// More tickets than fit into one transaction or one part become near at once, and are republished.
func TestManyBookingsAreReleasedAndRepublished(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		stream := env.openStream()
		h := env.registerVerified(resident(1))
		const orders = 2*bookBatch/MaxOrder + 1
		for n := range orders {
			report, _ := env.near(h, fmt.Sprintf("T%d", n), 10*day, make([]string, MaxOrder)...)
			env.record(report)
		}
		env.Pass(10*day - BookedAhead + time.Minute)
		if n, err := env.PublishBookings(t.Context()); n != orders*MaxOrder || err != nil {
			t.Fatalf("%d tickets released, want %d: %v", n, orders*MaxOrder, err)
		}
		distinct := func() int {
			all := map[booking.Booking]bool{}
			for _, records := range env.told(stream).records {
				for _, b := range records {
					all[booking.Booking{Ticket: b.Ticket, Day: b.Day}] = true
				}
			}
			return len(all)
		}
		released := distinct()
		env.Exec(`DELETE FROM outbox`)
		_, err := stream.Republish(t.Context(), 0, env.Now().UnixMilli())
		env.Must(err)
		if n := distinct(); n != released || n < 3*orders*MaxOrder {
			t.Errorf("%d bookings republished, %d were released", n, released)
		}
	})
}

// A failed transaction leaves neither ticket nor booking; a report leaves both.
func TestBookingAndReportAreOneTransaction(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		stream := env.openStream()
		h := env.registerVerified(resident(1))
		report, _ := env.near(h, "A", 20*time.Hour, "", "unknown-passenger")
		if err := env.RecordTicketEvent(t.Context(), report); !problem.Is(err, EntryNotFound) {
			t.Fatal(err)
		}
		tooMany, _ := env.near(h, "B", 20*time.Hour, "")
		broken := fmt.Errorf("the connection was cut")
		err := env.DB.Change(t.Context(), "buy", func(ctx context.Context, tx *sql.Tx) error {
			if err := env.recordPurchase(ctx, tx, tooMany); err != nil {
				return err
			}
			return broken
		})
		if err == nil {
			t.Fatal("committed")
		}
		if n := env.told(stream).all(); n != 0 || env.Count(`SELECT COUNT(*) FROM tickets`) != 0 {
			t.Fatalf("%d records of %d tickets", n, env.Count(`SELECT COUNT(*) FROM tickets`))
		}
		env.record(tooMany)
		if n, rows := env.told(stream).all(), env.Count(`SELECT COUNT(*) FROM tickets WHERE booked_ms IS NOT NULL`); n == 0 || rows != 1 {
			t.Fatalf("%d records of %d booked tickets", n, rows)
		}
	})
}

// Every journey that a report may have has a wire form: no accepted report fails when it is published.
func TestEveryReportedJourneyHasABooking(t *testing.T) {
	at := time.Date(2026, 2, 10, 8, 0, 0, 0, time.UTC)
	accepted := 0
	for _, label := range []string{
		"G101", "无座", `"\`, "05", strings.Repeat("座", 16), strings.Repeat("𠮷", 16), strings.Repeat("x", 16), "a b", "é", "e\u0301",
		"\u200b", "\u2028", "\ufeff1", "a\u00ad", " 1", "1\n", "", strings.Repeat("x", 17), "\xff", "👨‍👩‍👧", "\u3000", "a\u3000b",
	} {
		for _, took := range []time.Duration{time.Second, maxJourney} {
			j := &Journey{Train: label, From: "Marked South", To: "上海虹桥", Departs: at, Arrives: at.Add(took), Coach: label, Seat: label}
			if j.check(j.Arrives) != nil {
				continue
			}
			accepted++
			b := booking.Booking{Day: 1, Subject: tokens.Subject{1}, From: revocation.StationOf(j.From), To: revocation.StationOf(j.To), Train: j.Train,
				Departs: j.Departs.Unix(), Arrives: j.Arrives.Unix(), Coach: j.Coach, Seat: j.Seat}
			if err := b.Check(); err != nil {
				t.Errorf("label %q, %v: %v", label, took, err)
			}
			if n := len(b.Append(nil)); n > revocation.MaxBody {
				t.Errorf("label %q: %d bytes", label, n)
			}
		}
	}
	if accepted < 10 {
		t.Fatalf("only %d journeys were accepted", accepted)
	}
	if maxJourney != booking.MaxJourney*time.Second || maxLabel != booking.MaxLabel {
		t.Error("the bounds of journeys and bookings differ")
	}
	if BookingLife <= BookedAhead+maxJourney {
		t.Error("a booking can matter after its life")
	}
}

// Without a setting, a booking is published for every gateway: also for one that admits as early as any gateway can,
// to a person whose credential is from the day before.
func TestBookingsAreForEveryGateByDefault(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		stream := env.openStream()
		env.Opens = 0
		h := env.registerVerified(resident(1))
		report, j := env.near(h, "T1", 30*time.Hour, "")
		env.record(report)
		earliest := j.Departs.Unix() - booking.MaxOpens
		day := uint16(tokens.DayOf(earliest - tokens.CredentialLife + 1))
		var ticket booking.Ticket
		env.told(stream).table.Look(&booking.Query{Day: day, Subject: env.DB.Vault.Subject(day, identity.ResidentID, resident(1).DocumentNumber),
			Scope: tokens.Entry, Station: revocation.StationOf(j.From), At: earliest, Opens: booking.MaxOpens}, &ticket)
		if ticket.Held != booking.Valid {
			t.Errorf("24 h before departure the holder is %v", ticket.Held)
		}
	})
}
