package backend_test

import (
	"context"
	"fmt"
	"slices"

	"github.com/segmentio/kafka-go"

	"github.com/railgate/railgate/internal/kafkalink"
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

// place is a number in a partition.
type place struct {
	partition int
	number    uint64
}

// holdStream reads the whole stream. Every number is there, none with two
// contents; what it says of a credential is what was said of it, word for word;
// and a gateway that reads it knows what the database knows.
func (h *house) holdStream(r *rows) {
	h.t.Helper()
	authority, err := revocation.NewAuthority(authorityKey.Public())
	if err != nil {
		h.t.Fatal(err)
	}
	replica, err := revocation.NewReplica(authority, partitions, revocation.Limits{}, firstMoment.UnixMilli())
	if err != nil {
		h.t.Fatal(err)
	}
	said, epochs, repeated, announced := map[place]revocation.Record{}, map[uint64]int{}, 0, false
	for partition := range partitions {
		messages := h.topic(partition)
		replica.Captured(partition, int64(len(messages)))
		for i, raw := range messages {
			batch, err := revocation.Open(raw, authority)
			if err != nil {
				h.book.faultf("message %d of partition %d: %v", i, partition, err)
				continue
			}
			if epochs[batch.Epoch]++; epochs[batch.Epoch] == 1 && batch.Epoch != r.epoch {
				h.book.faultf("the stream was begun anew: partition %d has epoch %d, and the present one is %d", partition, batch.Epoch, r.epoch)
			}
			for number, record := range batch.Records() {
				at := place{partition, number}
				if before, twice := said[at]; twice && before != record {
					h.book.faultf("number %d of partition %d was %+v and then %+v", number, partition, before, record)
				} else if twice {
					repeated++
				}
				said[at] = record
				announced = announced || record.Kind == revocation.KindAnnounceKey && record.Key == issuerKeyID && record.Public == issuerKey.Public()
			}
			// As a gateway that followed from the beginning read it.
			switch outcome := replica.Apply(partition, raw, batch.IssuedAt); outcome {
			case revocation.Applied, revocation.Duplicate, revocation.PastHeartbeat:
			default:
				h.book.faultf("message %d of partition %d, first number %d: a gateway says %s", i, partition, batch.First, outcome)
			}
		}
		replica.Position(partition, int64(len(messages)))
	}
	if !announced {
		h.book.faultf("the stream does not announce the key")
	}
	h.book.counts["(records said twice in the stream)"] = repeated
	h.book.counts["(records in the stream)"] = len(said)
	h.compareStream(r, said, replica)
}

// utterance is what was said of a credential, and when it was accepted.
type utterance struct {
	kind revocation.Kind
	atMs int64
}

// compareStream compares what the stream said with the rows.
func (h *house) compareStream(r *rows, said map[place]revocation.Record, replica *revocation.Replica) {
	spoken := map[tokens.Serial][]utterance{}
	all := 0
	for partition := range partitions {
		for number := uint64(1); number < r.nextNumber[partition]; number++ {
			record, there := said[place{partition, number}]
			if !there {
				h.book.faultf("number %d of partition %d was given and is not in the stream", number, partition)
			}
			if record.Kind == revocation.KindRevoke || record.Kind == revocation.KindUnrevoke {
				spoken[record.Serial] = append(spoken[record.Serial], utterance{record.Kind, record.At})
			}
			all++
		}
	}
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
		over := tokens.DayOver(serial.Day) < now.Add(-revocation.Afterlife).Unix()
		if replica.Revoked(serial) != (c.revokedMs != 0) && !over {
			h.book.faultf("%s is revoked: %v, and a gateway says %v", serial, c.revokedMs != 0, replica.Revoked(serial))
		}
		delete(spoken, serial)
	}
	for serial, words := range spoken {
		h.book.faultf("the stream speaks of %s, which was never given: %v", serial, words)
	}
}

// topic reads all messages of a partition.
func (h *house) topic(partition int) (messages [][]byte) {
	h.t.Helper()
	link, err := kafkalink.Open(kafkalink.Config{Brokers: h.broker.Addresses(), Topic: controlTopic, ClientID: "crash-test"})
	if err != nil {
		h.t.Fatal(err)
	}
	defer link.Close()
	ctx, cancel := context.WithTimeout(h.t.Context(), longestBoot)
	defer cancel()
	err = func() error {
		offsets, err := link.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{controlTopic: {kafka.LastOffsetOf(partition)}}})
		if err != nil {
			return err
		}
		end := offsets.Topics[controlTopic][0].LastOffset
		for next := int64(0); next < end; {
			r, err := link.Fetch(ctx, &kafka.FetchRequest{Topic: controlTopic, Partition: partition, Offset: next, MinBytes: 1, MaxBytes: 1 << 20, MaxWait: requestTimeout})
			if err != nil {
				return err
			}
			before := next
			next, _, err = kafkalink.Walk(r.Records, next, revocation.MaxBatch, func(_ int64, value []byte) { messages = append(messages, value) })
			if err != nil {
				return err
			}
			if next == before {
				return fmt.Errorf("nothing readable at offset %d of partition %d", next, partition)
			}
		}
		return nil
	}()
	if err != nil {
		h.t.Fatal(err)
	}
	return messages
}

// holdLoad fails a run that did not do what it is about.
func (h *house) holdLoad(r *rows) {
	for what, n := range r.load() {
		if h.book.counts["("+what+")"] = n; n == 0 {
			h.book.faultf("no %s: the run shows nothing", what)
		}
	}
}
