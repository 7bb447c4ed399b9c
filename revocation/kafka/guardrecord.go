package kafka

import "encoding/binary"

// content looks into a batch: whether it holds what it claims, and no more than
// an answer may.
func (n *inspector) content(b []byte, lastDelta int64) finding {
	count := int64(int32(binary.BigEndian.Uint32(b[atCount:])))
	if lastDelta < 0 || count < 0 || count > lastDelta+1 {
		return hostile
	}
	records := b[batchHead:]
	if codec := int8(b[atAttributes+1] & codecBits); codec != 0 {
		var found finding
		if records, found = n.inflate(codec, records); found != sound {
			return found
		}
	}
	w := wire{left: records}
	before := int64(-1)
	for range count {
		delta, found := n.record(&w)
		if found != sound {
			return found
		}
		// An offset that is the batch's own to give, or the reader jumps ahead.
		if delta <= before || delta > lastDelta {
			return hostile
		}
		before = delta
	}
	if len(w.left) > 0 {
		return hostile
	}
	return sound
}

// record checks one record and returns how far behind the batch's base it lies.
// kafka-go does not look at a record's length and trusts all others.
func (n *inspector) record(w *wire) (delta int64, found finding) {
	if n.items--; n.items < 0 {
		return 0, tooMuch
	}
	r := wire{left: w.take(w.varint())}
	r.int8()   // attributes
	r.varint() // time
	delta = r.varint()
	r.sized(r.varint()) // key
	r.sized(r.varint()) // value
	headers := r.varint()
	if headers < 0 || headers > int64(len(r.left)) {
		return 0, hostile
	}
	for ; headers > 0 && !r.bad; headers-- {
		if n.items--; n.items < 0 {
			return 0, tooMuch
		}
		r.take(r.varint()) // a header has a name
		r.sized(r.varint())
	}
	if w.bad || r.bad || len(r.left) > 0 {
		return 0, hostile
	}
	return delta, sound
}
