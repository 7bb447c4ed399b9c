package crash

import (
	"cmp"
	"slices"
	"time"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// holdAll holds database, trail and stream to each other and to the book, after
// the last life ended with nothing left to do.
func (h *house) holdAll() {
	h.t.Helper()
	h.inspect(func(db *database.DB) {
		r := h.holdRows(db)
		h.book.mu.Lock()
		defer h.book.mu.Unlock()
		if waits := h.verify(db).Unsealed; waits != 0 {
			h.book.faultf("%d entries of the trail are not sealed", waits)
		}
		if r.waiting != 0 {
			h.book.faultf("%d records wait in the outbox, which was empty", r.waiting)
		}
		h.holdStream(r)
		h.holdLoad(r)
	})
}

// place is a number in a partition, of one epoch.
type place struct {
	epoch     uint64
	partition int
	number    uint64
}

// message is one message of the stream.
type message struct {
	partition int
	raw       []byte
	*revocation.Batch
}

// holdStream reads the whole stream. Every number is there, none with two
// contents; what it says of a credential is what was said of it, word for word;
// and a gateway that followed it knows what the database knows.
func (h *house) holdStream(r *rows) {
	h.t.Helper()
	authority, err := revocation.NewAuthority(authorityKey.Public())
	if err != nil {
		h.t.Fatal(err)
	}
	gateway, err := revocation.NewReplica(authority, partitions, revocation.Limits{}, firstMoment.UnixMilli())
	if err != nil {
		h.t.Fatal(err)
	}
	said, epochs, repeated, announced := map[place]revocation.Record{}, map[uint64]bool{}, 0, false
	for _, m := range h.messages(authority) {
		if !epochs[m.Epoch] && m.Epoch != r.epoch {
			h.book.faultf("the stream was begun anew: partition %d has epoch %d, and the present one is %d", m.partition, m.Epoch, r.epoch)
		}
		epochs[m.Epoch] = true
		for number, record := range m.Records() {
			at := place{m.Epoch, m.partition, number}
			if before, twice := said[at]; twice && before != record {
				h.book.faultf("number %d of partition %d was %+v and then %+v", number, m.partition, before, record)
			} else if twice {
				repeated++
			}
			said[at] = record
			announced = announced || record.Kind == revocation.KindAnnounceKey && record.Key == issuerKeyID && record.Public == issuerKey.Public()
		}
		switch outcome := gateway.Apply(m.partition, m.raw, m.IssuedAt); outcome {
		case revocation.Applied, revocation.Duplicate, revocation.PastHeartbeat:
		default:
			h.book.faultf("of the batch of partition %d that begins with number %d, a gateway says %s", m.partition, m.First, outcome)
		}
		gateway.Forget(m.IssuedAt)
	}
	if !announced {
		h.book.faultf("the stream does not announce the key")
	}
	h.book.counts["(records said twice in the stream)"] = repeated
	h.book.counts["(records in the stream)"] = len(said)
	h.compareStream(r, said, gateway)
}

// messages reads all partitions, in the order in which a gateway met them.
func (h *house) messages(authority *revocation.Authority) (all []message) {
	h.t.Helper()
	for partition := range partitions {
		for i, raw := range h.topic(partition) {
			batch, err := revocation.Open(raw, authority)
			if err != nil {
				h.book.faultf("message %d of partition %d: %v", i, partition, err)
				continue
			}
			all = append(all, message{partition, raw, batch})
		}
	}
	slices.SortStableFunc(all, func(a, b message) int { return cmp.Compare(a.IssuedAt, b.IssuedAt) })
	return all
}

// utterance is what was said of a credential, and when it was accepted.
type utterance struct {
	kind revocation.Kind
	atMs int64
}

// compareStream compares what the stream said with the rows.
func (h *house) compareStream(r *rows, said map[place]revocation.Record, gateway *revocation.Replica) {
	spoken, closings := map[tokens.Serial][]utterance{}, map[revocation.Record]int{}
	all := 0
	for partition := range partitions {
		for number := uint64(1); number < r.nextNumber[partition]; number++ {
			record, there := said[place{r.epoch, partition, number}]
			if !there {
				h.book.faultf("number %d of partition %d was given and is not in the stream", number, partition)
			}
			if record.Kind == revocation.KindRevoke || record.Kind == revocation.KindUnrevoke {
				spoken[record.Serial] = append(spoken[record.Serial], utterance{record.Kind, record.At})
			}
			if record.Kind == revocation.KindRevokeSession {
				closings[record]++
			}
			all++
		}
	}
	h.compareSessions(r, closings, gateway)
	if len(said) != all {
		h.book.faultf("the stream has %d numbers, and %d were given", len(said), all)
	}
	now := h.now()
	for serial, c := range r.credentials {
		var words []utterance
		for _, w := range c.words {
			words = append(words, utterance{revocation.KindRevoke, w.atMs})
			if w.lifted {
				words[len(words)-1].kind = revocation.KindUnrevoke
			}
		}
		if !slices.Equal(words, spoken[serial]) {
			h.book.faultf("of %s was said %v, and in the stream %v", serial, words, spoken[serial])
		}
		over := tokens.DayOver(serial.Day) <= now.Add(-revocation.Afterlife).Unix() // gateways have forgotten it
		if gateway.Revoked(serial) != (c.revokedMs != 0) && !over {
			h.book.faultf("%s is revoked: %v, and a gateway says %v", serial, c.revokedMs != 0, gateway.Revoked(serial))
		}
		delete(spoken, serial)
	}
	for serial, words := range spoken {
		h.book.faultf("the stream speaks of %s, which was never given: %v", serial, words)
	}
}

// compareSessions compares the closed sessions with the rows: each one that began within a
// day of its closing is said once, and no other. A gateway need not know those that no phone
// could show any more.
func (h *house) compareSessions(r *rows, closings map[revocation.Record]int, gateway *revocation.Replica) {
	said := len(closings)
	for id, s := range r.sessions {
		c := r.applications[s.application].credential
		if c == nil {
			continue // said already
		}
		over := time.UnixMilli(s.startMs).Add((tokens.MaxPeriod*(tokens.MaxLength+tokens.PreviousSteps) + 60) * time.Second)
		record := revocation.Record{Kind: revocation.KindRevokeSession, At: s.closedMs, Serial: c.serial, Start: s.startMs / 1000}
		want := 0
		if s.closed && s.closedMs < s.startMs+tokens.CredentialLife*1000 {
			want = 1
		}
		if closings[record] != want {
			h.book.faultf("session %s, started %d and closed %d, is in the stream %d times, want %d", id, s.startMs, s.closedMs, closings[record], want)
		}
		delete(closings, record)
		forgotten := !over.Add(revocation.Afterlife-time.Minute).After(h.now()) || s.closed && !time.UnixMilli(s.closedMs).Before(over)
		if is := gateway.Closed(c.serial, s.startMs/1000, tokens.Never); is != (want == 1) && !forgotten {
			h.book.faultf("session %s is closed in the database: %v, and a gateway says %v", id, s.closed, is)
		}
	}
	for record := range closings {
		h.book.faultf("the stream says of a session that is not closed: %+v", record)
	}
	h.book.counts["(closed sessions in the stream)"] = said
	if said == 0 {
		h.book.faultf("no session was closed in time to be said: the run shows nothing")
	}
}

// holdLoad fails a run that did not do what it is about.
func (h *house) holdLoad(r *rows) {
	for what, n := range r.load() {
		if h.book.counts["("+what+")"] = n; n == 0 {
			h.book.faultf("no %s: the run shows nothing", what)
		}
	}
}
