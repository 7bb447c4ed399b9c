package gateway

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/tokens"
)

// uploadID returns the number by which all gateways know a scan that a device made offline: the first 8 bytes of
// SHA-256 over a label, the device and the upload key. It depends on nothing else, so a scan that is sent twice,
// to any gateway, is one passage. It is never 0, which means an online scan.
func uploadID(device string, key []byte) uint64 {
	var memory [len(uploadLabel) + 1 + 64 + 64]byte
	text := append(append(memory[:0], uploadLabel...), byte(len(device)))
	sum := sha256.Sum256(append(append(text, device...), key...))
	return max(1, binary.BigEndian.Uint64(sum[:]))
}

const uploadLabel = "railgate/upload/v1"

// judgeBeyond applies the device's policies to a good code of a batch, scanned at a time, Unix ms. upload is the
// number of the scan, 0 if it has none. The ticket is judged as of the scan. The passage is no attempt: whatever
// happened at the device has happened. So a second use is flagged in either mode, and no reach denies.
func (g *Gateway) judgeBeyond(s *scratch, t *tokens.Token, from *caller, now, at int64, upload uint64) tokens.Reason {
	reason := tokens.ReasonOK
	if from.device.ticket.Mode != ModeOff && ticketScopes.Has(from.scope) {
		reason = g.requireTicket(s, t, from, now, at)
		g.meter.ticket(s.ticket.Held)
	}
	if from.device.passback.Mode == ModeOff {
		return reason
	}
	v := &s.passback
	*v = passback{on: true, state: g.reach(now), result: passNotCounted}
	way, counted := passage.WayOf(from.scope)
	switch {
	case reason != tokens.ReasonOK, !counted, upload == 0:
	case g.replica.Amnesty(g.station, from.scope, at/1000):
		v.result = passAmnesty
	default:
		s.passage = passage.Passage{Serial: t.Serial(), Start: t.Start(), Step: uint8(t.Step()), Way: way, At: at, ErrorMS: g.uploadError,
			Station: g.Station, Device: from.device.ID, Upload: upload, Gateway: g.Passages.Gateway}
		g.upload(s)
	}
	g.meter.passback(v)
	return reason
}

// upload stores and tells the passage in s, and looks for a conflict with those known.
func (g *Gateway) upload(s *scratch) {
	v := &s.passback
	v.result = passFirst
	g.Passages.Table.Merge(&s.passage)
	if c := g.Passages.Conflicts; c != nil {
		if conflict, found := c.Of(&s.passage); found {
			v.result, v.flagged, v.ageMS = passUsed, true, conflict.GapMS
		}
	}
	if g.Passages.Record != nil && !g.Passages.Record(&s.passage) {
		v.state = min(v.state, passbackState(passage.Local))
	}
}
