package revocation

import (
	"crypto/ed25519"

	"github.com/railgate/railgate/tokens/fixedkey"
)

// VerifyChunk is the greatest number of messages whose signatures [Replica.ApplyAll] verifies in one batch.
const VerifyChunk = 64

// message is a parsed message before it is applied.
type message struct {
	raw       []byte
	batch     *Batch // nil if err is set
	err       error  // why the message does not parse
	verified  bool   // signature is the result of the verification
	signature error
}

func readMessage(raw []byte, d Domain) message {
	b, err := parse(raw, d)
	return message{raw: raw, batch: b, err: err}
}

// hasEnvelope reports whether the message has an envelope and therefore a signature to verify.
func (m *message) hasEnvelope() bool { return m.err == nil || m.err == ErrNewer }

// ApplyAll is [Replica.Apply] for messages of one partition in their order, with the same outcome for each.
// Their signatures are verified in batches, which makes reading a log faster.
func (r *Replica) ApplyAll(number int, raws [][]byte, now int64) {
	for len(raws) > 0 {
		n := min(len(raws), VerifyChunk)
		r.applyChunk(number, raws[:n], now)
		raws = raws[n:]
	}
}

func (r *Replica) applyChunk(number int, raws [][]byte, now int64) {
	messages := make([]message, len(raws))
	var toVerify []*message
	for i, raw := range raws {
		m := &messages[i]
		*m = readMessage(raw, r.authority.domain)
		// isPastHeartbeat is checked again when the message is applied.
		if m.hasEnvelope() && !r.isPastHeartbeat(number, m.batch, now) {
			toVerify = append(toVerify, m)
		}
	}
	if len(toVerify) > 1 {
		r.authority.verifyAll(toVerify)
	}
	for i := range messages {
		r.applyMessage(number, &messages[i], now)
	}
}

// verifyAll is verify for several messages that have an envelope.
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
