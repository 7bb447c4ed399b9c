package crash

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/railgate/railgate/booking"
	"github.com/railgate/railgate/issuance"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/test/databasetest"
	"github.com/railgate/railgate/test/harness/passenger"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/test/harness/stack"
)

const (
	bookingsTopic     = "railgate.bookings"
	bookingPartitions = 4
	bookingKills      = 10
	reporters         = 4
)

// report is a ticket and what the ticketing system knows about its reports.
type report struct {
	reference      string
	departs        time.Time
	near           bool // the journey was near when it was reported
	bought, ended  bool // acknowledged
	asked, askedTo bool // sent: to buy, to refund
}

// reports are all tickets of the test.
type reports struct {
	jumped atomic.Int64 // of the issuer's clock, as system.jumped
	mu     sync.Mutex
	all    []*report
	sent   int
}

// Killed at any moment, the issuer publishes every acknowledged purchase and refund: in the partitions of both stations,
// under one pseudonym for each day, the booking before its cancellation, and none twice. A purchase that was not
// acknowledged may be there; it is complete or absent. Journeys become near while the issuer is killed: half of the
// tickets are published by the periodic job.
func TestKillsLoseNoBooking(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, address string) {
		sys := newSystem(t, address, planSeed(t))
		sys.bookings = true
		sys.start()
		sys.awaitServing()
		holder := passenger.Resident(passenger.Tests, 1)
		body := fields{"login_name": "holder_of_tickets", "password": password, "policy": issuance.DefaultPolicy, "phone": "13800000000"}
		a := sys.call(t.Context(), http.MethodPost, "/v1/accounts", "", with(holder.Identity(), body))
		if !a.did() {
			t.Fatalf("registering was answered %d: %s", a.status, a.body)
		}
		account := decode[struct{ Account string }](sys, a).Account
		sys.stop()
		sys.inspect(func(db *database.DB) { // a window verified the holder
			_, err := db.Writer().Exec(`UPDATE holders SET status = 1`)
			runtest.Must(t, err)
			sys.endLease(db)
		})

		var all reports
		load, end := context.WithCancel(t.Context())
		defer end()
		var work sync.WaitGroup
		for n := range reporters {
			r := rand.New(rand.NewPCG(sys.random.Uint64(), uint64(n)))
			work.Go(func() { all.work(load, sys, r, account, n) })
		}
		for kill := range bookingKills {
			sys.killWhileReporting(kill)
			if kill == bookingKills/2 {
				sys.jumped += clockJump
				all.jumped.Store(int64(sys.jumped))
			}
		}
		sys.start()
		sys.awaitServing()
		runtest.Eventually(t, bootWithin, "reports after the last kill", func() bool { return all.acknowledged() > reporters*bookingKills })
		end()
		work.Wait()
		sys.stop()
		sys.jumped += clockJump // the last far journeys become near
		sys.start()
		sys.awaitServing()
		sys.awaitBookings()
		sys.stop()
		sys.reconcileBookings(&all)
		sys.report()
	})
}

// killWhileReporting runs a process and kills it at a message's arrival or at any time.
func (sys *system) killWhileReporting(kill int) {
	sys.t.Helper()
	r := sys.random
	sys.plan.Store(newKillPlan(r))
	countdown := int64(0)
	if kill%3 != 0 { // both streams begin with a heartbeat for each partition
		countdown = int64(partitions + bookingPartitions + 1 + r.IntN(maxCountdown))
	}
	sys.countdown.Store(countdown)
	sys.start()
	l := sys.instance.Load()
	sys.awaitServing()
	select {
	case <-time.After(300*time.Millisecond + time.Duration(r.Int64N(int64(maxLife)))):
		l.kill()
	case <-l.ended:
	}
	sys.awaitEnd(l)
	sys.countdown.Store(0)
	sys.inspect(func(db *database.DB) { sys.endLease(db) })
}

// now is system.now for the workers, which run while the clock jumps.
func (all *reports) now(sys *system) time.Time {
	return firstMoment.Add(time.Duration(all.jumped.Load()) + time.Since(sys.began))
}

// work buys tickets and refunds some, until ctx ends.
func (all *reports) work(ctx context.Context, sys *system, r *rand.Rand, account string, worker int) {
	for n := 0; ctx.Err() == nil; n++ {
		t := &report{reference: fmt.Sprintf("T%d-%d", worker, n), departs: time.Unix(all.now(sys).Unix(), 0).Add(20 * time.Hour), near: true}
		if r.IntN(2) == 0 {
			t.departs, t.near = t.departs.Add(40*time.Hour), false // near only after the clock's jump
		}
		all.mu.Lock()
		all.all = append(all.all, t)
		all.mu.Unlock()
		ticket := passenger.Ticket{Reference: t.reference, Account: account, Train: "G101", Departs: t.departs, Coach: "05", Seat: "12F"}
		all.send(ctx, sys, ticket.Report(), &t.asked, &t.bought)
		if t.bought && r.IntN(2) == 0 {
			all.send(ctx, sys, fields{"kind": "refunded", "ticket": t.reference}, &t.askedTo, &t.ended)
		}
	}
}

// send reports an event; half of the unknown outcomes are repeated until they are known.
func (all *reports) send(ctx context.Context, sys *system, event fields, asked, acknowledged *bool) {
	for try := 0; try < 2; try++ {
		a := sys.call(ctx, http.MethodPost, "/v1/tickets", staffSecret, event)
		all.mu.Lock()
		*asked = *asked || a.fate != unsent
		*acknowledged = a.did()
		if a.did() {
			all.sent++
		}
		all.mu.Unlock()
		if a.fate == answered && !a.did() {
			sys.model.fault("a report was answered %d: %s", a.status, a.body)
		}
		if a.fate == answered || ctx.Err() != nil {
			return
		}
	}
}

func (all *reports) acknowledged() int {
	all.mu.Lock()
	defer all.mu.Unlock()
	return all.sent
}

// awaitBookings waits until no booking is due and none waits for the stream.
func (sys *system) awaitBookings() {
	sys.t.Helper()
	runtest.Eventually(sys.t, drainWithin, "the bookings to be published", func() bool {
		a := sys.call(sys.t.Context(), http.MethodGet, bookingsPath, "", nil)
		return a.did() && string(a.body) == "0 0"
	})
}

// bookingKey names a booking of one pseudonym.
type bookingKey struct {
	ticket uint64
	day    uint16
}

// reconcileBookings reads the stream of bookings as a gateway does and compares it with the reports.
func (sys *system) reconcileBookings(all *reports) {
	sys.t.Helper()
	pinned, err := revocation.NewAuthority(authorityKey.Public())
	runtest.Must(sys.t, err)
	pinned = pinned.In(revocation.Bookings)
	var partition [bookingPartitions]map[bookingKey][]bool // cancelled, in the order of the stream
	departs := map[uint64]int64{}
	for p := range bookingPartitions {
		partition[p] = map[bookingKey][]bool{}
		next := uint64(1)
		messages, err := stack.ReadPartition(sys.t.Context(), sys.broker.Addresses(), bookingsTopic, p)
		runtest.Must(sys.t, err)
		for _, raw := range messages {
			b, err := revocation.OpenBatch(raw, pinned)
			if err != nil {
				sys.model.fault("partition %d: %v", p, err)
				continue
			}
			for number, record := range b.Records() {
				if number < next {
					continue // repeated under its number
				}
				if number > next {
					sys.model.fault("partition %d: number %d follows %d", p, number, next-1)
				}
				next = number + 1
				k, err := booking.Parse(record.Body)
				runtest.Must(sys.t, err)
				key := bookingKey{k.Ticket, k.Day}
				partition[p][key] = append(partition[p][key], k.Cancelled)
				if !k.Cancelled {
					departs[k.Ticket] = k.Departs
				}
			}
		}
	}
	from := booking.Partition(revocation.StationOf("北京南"), bookingPartitions)
	to := booking.Partition(revocation.StationOf("上海虹桥"), bookingPartitions)
	if from == to {
		sys.t.Fatal("both stations are in one partition")
	}
	if len(partition[from]) != len(partition[to]) {
		sys.model.fault("%d bookings at one station, %d at the other", len(partition[from]), len(partition[to]))
	}
	counts := map[string]int{}
	days, ended := map[uint64]int{}, map[uint64]bool{}
	for key, in := range partition[from] {
		if fmt.Sprint(in) != fmt.Sprint(partition[to][key]) {
			sys.model.fault("booking %+v is %v at one station and %v at the other", key, in, partition[to][key])
		}
		if fmt.Sprint(in) != "[false]" && fmt.Sprint(in) != "[false true]" {
			sys.model.fault("booking %+v was published as %v (true: cancelled)", key, in)
		}
		days[key.ticket]++
		ended[key.ticket] = len(in) > 1
	}
	for p, in := range partition {
		if p != from && p != to && len(in) > 0 {
			sys.model.fault("partition %d has %d bookings of other stations", p, len(in))
		}
	}
	byDeparture := map[int64][]uint64{} // several tickets can have one departure
	for ticket, at := range departs {
		first, last := booking.Days(at, at+5*3600, int64(bookingOpens.Seconds()))
		if want := int(last-first) + 1; days[ticket] != want {
			sys.model.fault("ticket %x has %d pseudonyms, want %d", ticket, days[ticket], want)
		}
		byDeparture[at] = append(byDeparture[at], ticket)
	}
	sys.compareReports(all, byDeparture, ended, counts)
	for what, n := range counts {
		sys.model.counts["("+what+")"] = n
		if n == 0 {
			sys.model.fault("no %s: the run proves nothing", what)
		}
	}
}

// compareReports compares the tickets of each departure with the reports. The hash of a reference is secret, so tickets of
// one departure are compared by their numbers.
func (sys *system) compareReports(all *reports, byDeparture map[int64][]uint64, ended map[uint64]bool, counts map[string]int) {
	type bounds struct{ least, most, leastEnded, mostEnded int }
	want := map[int64]*bounds{}
	counts["tickets that the job published"], counts["tickets cancelled after their booking"] = 0, 0
	for _, r := range all.all {
		b := want[r.departs.Unix()]
		if b == nil {
			b = &bounds{}
			want[r.departs.Unix()] = b
		}
		// A ticket that was refunded before it was near was never booked.
		if r.bought && !r.askedTo {
			b.least++
		}
		if r.asked {
			b.most++
		}
		if r.ended && r.near {
			b.least++
			b.leastEnded++
		}
		if r.askedTo {
			b.mostEnded++
		}
		if r.bought && !r.askedTo && !r.near {
			counts["tickets that the job published"]++
		}
	}
	for at, tickets := range byDeparture {
		n := 0
		for _, ticket := range tickets {
			if ended[ticket] {
				n++
			}
		}
		counts["tickets cancelled after their booking"] += n
		if b := want[at]; b == nil || len(tickets) > b.most || n < b.leastEnded || n > b.mostEnded {
			sys.model.fault("of departure %d %d tickets are booked and %d of them cancelled, want %+v", at, len(tickets), n, b)
		}
	}
	for at, b := range want {
		if len(byDeparture[at]) < b.least {
			sys.model.fault("of departure %d %d tickets are booked, at least %d were acknowledged", at, len(byDeparture[at]), b.least)
		}
	}
}
