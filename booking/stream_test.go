package booking_test

import (
	"math/rand/v2"
	"testing"

	"github.com/railgate/railgate/booking"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/tokens"
)

// harness is a gateway's replica of the bookings stream with its table, the issuer's log, and the records that the
// gateway has received.
type harness struct {
	*testing.T
	replica  *revocation.Replica
	table    *booking.Table
	epoch    uint64
	logs     [][][]byte // batches by partition
	next     []uint64   // number of the next record, by partition
	received model      // what the replica passed on
}

const streamPartitions = 2

func newHarness(t *testing.T) *harness {
	h := &harness{T: t, table: booking.NewTable(booking.Config{}), received: model{}}
	r, err := revocation.NewReplica(revocationtest.Pinned().In(revocation.Bookings), streamPartitions, revocation.Limits{}, now-1)
	if err != nil {
		t.Fatal(err)
	}
	r.Bookings = h
	h.replica = r
	for p := range streamPartitions {
		r.SetTargetOffset(p, 0)
	}
	h.startEpoch(1)
	return h
}

// Apply is the sink of the replica: the table, and the model beside it.
func (h *harness) Apply(body string, at, now int64) {
	h.table.Apply(body, at, now)
	b, err := booking.Parse(body)
	if err != nil {
		h.Fatal(err)
	}
	h.received.apply(record{b, at})
}

// startEpoch begins a new numbering. Offsets go on.
func (h *harness) startEpoch(epoch uint64) {
	h.epoch, h.next = epoch, []uint64{1, 1}
	if h.logs == nil {
		h.logs = make([][][]byte, streamPartitions)
	}
}

// write appends a batch of the records that belong to a partition to its log, or a heartbeat if there are none.
func (h *harness) write(p int, records ...record) {
	var encoded []revocation.Record
	for _, r := range records {
		if booking.Partition(r.From, streamPartitions) == p || booking.Partition(r.To, streamPartitions) == p {
			encoded = append(encoded, revocation.Record{Kind: revocation.KindBooking, At: r.at, Body: string(r.Append(nil))})
		}
	}
	issued := now + int64(len(h.logs[p]))
	b := revocation.Batch{Domain: revocation.Bookings, Epoch: h.epoch, Partition: uint16(p), First: h.next[p], IssuedAt: issued, Through: issued}
	h.logs[p] = append(h.logs[p], revocationtest.Seal(b, encoded...))
	h.next[p] += uint64(len(encoded))
}

// deliver passes one message of the log to the gateway.
func (h *harness) deliver(p, offset int) revocation.Outcome {
	return h.replica.Apply(p, h.logs[p][offset], now+int64(len(h.logs[p])))
}

// check compares the gateway's answers with those of the records that it has received.
func (h *harness) check(rng *rand.Rand) {
	h.Helper()
	for range 10 {
		q := randomQuery(rng)
		if got, want := look(h.table, q), h.received.look(q); got != want {
			h.Fatalf("%+v\n got %+v\nwant %+v", q, got, want)
		}
	}
}

func TestBookingsReachTheGateThroughTheStream(t *testing.T) {
	h, q := newHarness(t), at(tokens.Entry, beijing, 9*hour)
	p := booking.Partition(beijing, streamPartitions)
	h.write(p, record{ticket(1), now})
	forged := append([]byte(nil), h.logs[p][0]...)
	forged[len(forged)-70] ^= 1
	if o := h.replica.Apply(p, forged, now); o != revocation.Forged {
		t.Fatalf("a forged batch: %s", o)
	}
	control := revocation.Batch{Epoch: 1, Partition: uint16(p), First: 1, IssuedAt: now, Through: now}
	if o := h.replica.Apply(p, revocationtest.Seal(control), now); o != revocation.Unreadable {
		t.Fatalf("a control batch: %s", o)
	}
	if o := h.replica.Apply(1-p, h.logs[p][0], now); o != revocation.WrongPartition {
		t.Fatalf("a batch of the other partition: %s", o)
	}
	expect(t, h.table, q, booking.None)
	h.deliver(p, 0)
	expect(t, h.table, q, booking.Valid)
	h.write(p, record{cancel(ticket(1)), now + 1})
	h.deliver(p, 1)
	expect(t, h.table, q, booking.None)
	h.deliver(p, 0) // a publisher's retry
	expect(t, h.table, q, booking.None)
}

// Whatever is lost, repeated, read again and republished: the gateway answers by exactly the records that it has
// received, at every moment, and after a whole reading by all of them.
func TestRandomLossesOfTheStream(t *testing.T) {
	gaps, republished := 0, 0
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 22))
		h, all := newHarness(t), model{}
		log := randomLog(rng, 60+rng.IntN(60))
		for len(log) > 0 {
			n := min(1+rng.IntN(6), len(log))
			for p := range streamPartitions {
				h.write(p, log[:n]...)
			}
			for _, r := range log[:n] {
				all.apply(r)
			}
			log = log[n:]
			if rng.IntN(12) == 0 {
				// The issuer restored its database: it writes everything that it has again, in a new epoch.
				republished++
				h.startEpoch(h.epoch + 1)
				for p := range streamPartitions {
					for _, r := range all {
						h.write(p, r)
					}
				}
			}
		}
		for p := range streamPartitions {
			h.write(p)
		}
		position := make([]int, streamPartitions)
		for left := true; left; {
			left = false
			for p := range streamPartitions {
				if position[p] < len(h.logs[p]) {
					left = true
					if rng.IntN(10) != 0 { // else the message is lost
						if h.deliver(p, position[p]) == revocation.Gap {
							gaps++
						}
					}
					if rng.IntN(10) == 0 {
						h.deliver(p, rng.IntN(position[p]+1)) // an old message again
					}
					position[p]++
				}
				h.check(rng)
			}
		}
		for p := range streamPartitions {
			h.replica.Rewind(p, int64(len(h.logs[p])), "the test reads it again")
			for offset := range h.logs[p] {
				h.deliver(p, offset)
				h.check(rng)
			}
			h.replica.SetPosition(p, int64(len(h.logs[p])))
		}
		// A gateway that starts now and reads the log once has the same tickets.
		fresh := newHarness(t)
		fresh.logs = h.logs
		for p := range streamPartitions {
			for offset := range h.logs[p] {
				fresh.deliver(p, offset)
			}
		}
		for range 200 {
			q := randomQuery(rng)
			want := all.look(q)
			if got := look(h.table, q); got != want {
				t.Fatalf("seed %d, after losses: %+v\n got %+v\nwant %+v", seed, q, got, want)
			}
			if got := look(fresh.table, q); got != want {
				t.Fatalf("seed %d, a new gateway: %+v\n got %+v\nwant %+v", seed, q, got, want)
			}
		}
	}
	if gaps < 50 || republished < 30 {
		t.Errorf("%d gaps, %d republications", gaps, republished)
	}
}
