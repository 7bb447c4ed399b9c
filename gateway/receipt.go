package gateway

import (
	"crypto/sha256"

	"github.com/railgate/railgate/bundle"
	"github.com/railgate/railgate/gateway/overload"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// receiptLevel is the overload level from which requests for receipts are shed: before any other check, because
// a signature costs as much as several checks.
const receiptLevel = overload.Busy

// judged is one verdict as its receipt needs it.
type judged struct {
	code    [sha256.Size]byte // hash of the text that was read
	reason  tokens.Reason
	flagged bool
	scanned int64 // by the device's clock, Unix ms
	now     int64 // Unix ms
	fresh   revocation.Freshness
}

// appendReceipt appends the signed receipt of a verdict as a part of its JSON. raw is memory for the receipt; its
// new form is returned. Unlike the rest of a check it allocates.
func (g *Gateway) appendReceipt(dst, raw []byte, from *caller, j *judged) (verdict, memory []byte) {
	decision := bundle.Denied
	if j.reason == tokens.ReasonOK {
		decision = bundle.Allowed
		if j.flagged {
			decision = bundle.Flagged
		}
	}
	raw = bundle.AppendReceipt(raw[:0], &bundle.Receipt{Code: j.code, Scope: from.scope, Decision: decision, Reason: j.reason.String(),
		Scanned: j.scanned, Judged: j.now, Watermark: max(0, j.fresh.WatermarkMS), Device: from.device.ID}, g.Signer)
	g.meter.receipts.Add(1)
	dst = append(dst, `,"receipt":"`...)
	dst = bundle.ReceiptText.AppendEncode(dst, raw)
	return append(dst, '"'), raw
}
