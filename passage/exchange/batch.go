package exchange

import (
	"github.com/railgate/railgate/passage"
)

// seal makes the signed message of the first n passages, as many as fit. If it fails, these n passages have no
// encoding.
func (w *Writer) seal(partition int, sequence uint64, issued int64, passages []passage.Passage) (message []byte, n int, err error) {
	b := passage.Batch{Gateway: w.c.Gateway, Partition: uint16(partition), Session: w.session, Sequence: sequence, Issued: issued,
		Passages: passages[:min(len(passages), passage.AlwaysFit)]}
	if message, err = b.Seal(w.c.Key); err != nil && len(b.Passages) > 1 {
		b.Passages = b.Passages[:1] // one of them spoils the batch: it is found when it is the first
		message, err = b.Seal(w.c.Key)
	}
	return message, len(b.Passages), err
}

// apply applies one message. The partition's lock is held.
func (r *Reader) apply(partition int, raw []byte, now int64) Outcome {
	b, err := passage.OpenWith(raw, r.Gateways, now, r.tables.verify)
	if why, refused := err.(passage.Refusal); refused {
		return refusedAs(why)
	}
	if int(b.Partition) != partition {
		return WrongPartition
	}
	for i := range b.Passages {
		if Partition(b.Passages[i].Serial, len(r.parts)) != partition {
			return WrongPartition
		}
	}
	if !r.ledger.Add(b) {
		return Replayed
	}
	own := b.Gateway == r.Own && b.Session == r.Session
	for i := range b.Passages {
		p := &b.Passages[i]
		if r.Table != nil && !own {
			r.Table.Merge(p)
		}
		if r.Conflicts != nil {
			r.Conflicts.Add(p)
		}
	}
	c := &r.parts[partition]
	c.passages += uint64(len(b.Passages))
	if own || r.through.Load() == 0 {
		return Applied
	}
	effect := r.Now().UnixMilli()
	for i := range b.Passages {
		if p := &b.Passages[i]; p.Upload == 0 {
			c.delay.Observe(effect - p.At)
		}
	}
	return Applied
}
