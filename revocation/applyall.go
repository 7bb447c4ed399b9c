package revocation

import (
	"crypto/ed25519"

	"github.com/railgate/railgate/tokens/fixedkey"
)

// VerifyChunk is how many messages ApplyAll verifies at once at the most.
const VerifyChunk = 64

// message is one that was read, on its way into a replica.
type message struct {
	raw       []byte
	batch     *Batch // of what parses; nil if err is set
	err       error  // of what does not
	verified  bool   // signature says what that is worth
	signature error
}

func read(raw []byte) message {
	b, err := parse(raw)
	return message{raw: raw, batch: b, err: err}
}

// sealed reports whether the message has an envelope, and so a signature to verify.
func (m *message) sealed() bool { return m.err == nil || m.err == ErrNewer }

// ApplyAll is Apply for messages of one partition in their order, with the same
// outcome for each: only their signatures are verified together, each for itself,
// so that a log is read in less time.
func (r *Replica) ApplyAll(number int, raws [][]byte, now int64) {
	for len(raws) > 0 {
		n := min(len(raws), VerifyChunk)
		r.applyChunk(number, raws[:n], now)
		raws = raws[n:]
	}
}

func (r *Replica) applyChunk(number int, raws [][]byte, now int64) {
	messages := make([]message, len(raws))
	var wanted []*message
	for i, raw := range raws {
		m := &messages[i]
		*m = read(raw)
		// What is past now is looked at again when it is its turn.
		if m.sealed() && !r.past(number, m.batch, now) {
			wanted = append(wanted, m)
		}
	}
	if len(wanted) > 1 {
		r.authority.verifyAll(wanted)
	}
	for i := range messages {
		r.take(number, &messages[i], now)
	}
}

// verifyAll is verify for each of some messages that have an envelope.
func (a *Authority) verifyAll(messages []*message) {
	signed := make([]fixedkey.Signed, len(messages))
	for i, m := range messages {
		end := len(m.raw) - ed25519.SignatureSize
		signed[i] = fixedkey.Signed{Key: a.key, Message: m.raw[:end], Signature: m.raw[end:]}
	}
	fixedkey.VerifyBatch(signed)
	for i, m := range messages {
		m.verified = true
		switch {
		case [4]byte(m.raw[offAuthority:]) != a.id:
			m.signature = ErrAuthority
		case !signed[i].Good:
			m.signature = ErrSignature
		}
	}
}
