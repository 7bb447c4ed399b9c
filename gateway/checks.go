package gateway

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/railgate/railgate/bundle"
	"github.com/railgate/railgate/gateway/batch"
	"github.com/railgate/railgate/gateway/overload"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// Bounds of a scan's time. A batch comes from a handheld that had no network; its
// scans are judged as of the times that the handheld reports.
const (
	// scanEarly is how far a scan may be dated ahead of the gateway's clock: the
	// tolerated difference of two synchronized clocks.
	scanEarly = 5 * time.Second
	// scanLate is the largest age of a scan. Revocations of an earlier time may have
	// been forgotten. The minute allows for the clock that forgetting is timed by.
	scanLate = revocation.Afterlife - time.Minute
)

// batchBuffers is the memory for one batch. Every slice in it has at most batch.Max
// elements, so a pooled one is bounded at about 510 KiB. It is also the body of the
// answer: the server reads it and closes it once the answer is written, so the
// largest answers are not buffered per connection.
type batchBuffers struct {
	bytes.Reader // of answer
	slots        *slots
	head         *fasthttp.RequestHeader // whose slot is released with the answer
	answer       []byte
	scans        []batch.Scan
	codes        tokens.Batch
	uploads      []uint64            // of scans; 0: no upload key
	hashes       [][sha256.Size]byte // of codes, if the caller asked for receipts
}

var batches = sync.Pool{New: func() any { return new(batchBuffers) }}

// Close returns the memory to the pool and releases the slot. The server calls it once.
func (b *batchBuffers) Close() error {
	b.Reset(nil)
	b.slots.release(b.head)
	b.slots, b.head = nil, nil
	batches.Put(b)
	return nil
}

// checks answers POST /v1/checks with a verdict on every scan in the body.
func (g *Gateway) checks(ctx *fasthttp.RequestCtx, conn *connState, from caller) {
	h := &ctx.Request.Header
	switch {
	case !from.device.Offline:
		g.refuse(ctx, problemBatches)
		return
	case !g.slots.acquire(h, from.device): // a large batch already has its slot
		g.refuse(ctx, problemSlots)
		return
	}
	// A batch waited for hours and can wait another second.
	if g.shed(ctx, overload.Full) || from.receipt && g.shed(ctx, receiptLevel) {
		g.slots.release(h)
		return
	}
	b := batches.Get().(*batchBuffers)
	// The clock is read once per request, as in check.
	now := g.Now(ctx.Time()).UnixMilli()
	refusal := b.readScans(ctx.PostBody(), &from)
	// The codes were copied. The buffer of a large body must not stay with a
	// connection that may last for hours.
	ctx.Request.ReleaseBody(keptBytes)
	if refusal.Fault != batch.NoFault {
		g.refuseScans(ctx, b, refusal)
		batches.Put(b)
		g.slots.release(h)
		return
	}
	forged := g.judgeAll(b, conn, now, from)
	ctx.Response.Header.SetContentTypeBytes(jsonType)
	b.Reset(b.answer)
	b.slots, b.head = g.slots, h
	ctx.Response.SetBodyStream(b, len(b.answer))
	if forged {
		g.delaySuspect(conn, forgeryWait)
	}
}

// readScans reads the scans of a body and destroys the body. Nothing in b points
// into the body afterwards.
func (b *batchBuffers) readScans(body []byte, from *caller) batch.Refusal {
	var refusal batch.Refusal
	b.scans, refusal = batch.Read(body, b.scans)
	if refusal.Fault != batch.NoFault {
		clear(b.scans)
		return refusal
	}
	b.codes.Scans = slices.Grow(b.codes.Scans[:0], len(b.scans))[:len(b.scans)]
	b.uploads, b.hashes = b.uploads[:0], b.hashes[:0]
	for i := range b.scans {
		code, scan := &b.codes.Scans[i], &b.scans[i]
		code.Reason = code.Token.ParseText(scan.Text)
		code.At = scan.AtMS / 1000
		upload := uint64(0)
		if len(scan.Upload) > 0 {
			upload = uploadID(from.device.ID, scan.Upload)
		}
		b.uploads = append(b.uploads, upload)
		if from.receipt {
			b.hashes = append(b.hashes, bundle.HashCode(scan.Text))
		}
		scan.Text, scan.Upload = nil, nil
	}
	return refusal
}

// judgeAll makes, counts and renders the verdict on every scan; now is Unix ms. A
// code's times and the closing of its session are judged as of the scan. Keys,
// cutoffs, revocations and their freshness count as of now: a credential revoked
// after the scan is denied, one unrevoked since is not. judgeAll reports whether
// any code was forged.
func (g *Gateway) judgeAll(b *batchBuffers, conn *connState, now int64, from caller) (forged bool) {
	// As in check: freshness before data.
	fresh := g.replica.Freshness(now)
	action := from.device.policy.action(fresh)
	for i := range b.codes.Scans {
		code, at := &b.codes.Scans[i], b.scans[i].AtMS
		switch {
		case code.Reason != tokens.ReasonOK:
		case action == Deny:
			code.Reason = staleReason(fresh)
		case at > now+scanEarly.Milliseconds(), at < now-scanLate.Milliseconds():
			code.Reason = tokens.ReasonScanTime
		}
	}
	g.checker.CheckAll(&b.codes, from.scope)

	g.meter.batchScans.Add(uint64(len(b.codes.Scans)))
	b.answer = append(b.answer[:0], `{"verdicts":[`...)
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	for i := range b.codes.Scans {
		code := &b.codes.Scans[i]
		s.passback, s.ticket = passback{}, ticket{}
		if code.Reason == tokens.ReasonOK {
			code.Reason = g.judgeBeyond(s, &code.Token, &from, now, b.scans[i].AtMS, b.uploads[i])
		}
		g.meter.verdict(fresh.State, action, code.Reason)
		forged = conn.observe(code.Reason) || forged
		if i > 0 {
			b.answer = append(b.answer, ',')
		}
		b.answer = appendVerdict(b.answer, &code.Token, code.Reason, fresh, action, code.At)
		b.answer = s.ticket.append(s.passback.append(b.answer))
		if from.receipt {
			j := judged{code: b.hashes[i], reason: code.Reason, flagged: action == Flag || s.passback.flagged || s.ticket.flagged,
				scanned: b.scans[i].AtMS, now: now, fresh: fresh}
			b.answer, s.receipt = g.appendReceipt(b.answer, s.receipt, &from, &j)
		}
		b.answer = append(b.answer, '}')
	}
	b.answer = append(b.answer, ']', '}')
	return forged
}

// refuseScans answers a body that cannot be read, with the fault and its position.
func (g *Gateway) refuseScans(ctx *fasthttp.RequestCtx, b *batchBuffers, r batch.Refusal) {
	if r.Fault == batch.TooMany {
		g.refuse(ctx, problemTooMany)
		return
	}
	g.refuse(ctx, problemScans)
	b.answer = append(b.answer[:0], bytes.TrimSuffix(problemScans.body, []byte{'}'})...)
	b.answer = append(b.answer, `,"fault":"`...)
	b.answer = append(b.answer, r.Fault.String()...)
	b.answer = append(b.answer, `","scan":`...)
	b.answer = strconv.AppendInt(b.answer, int64(r.Scan), 10)
	b.answer = append(b.answer, `,"offset":`...)
	b.answer = strconv.AppendInt(b.answer, int64(r.Offset), 10)
	b.answer = append(b.answer, '}')
	ctx.Response.SetBody(b.answer)
}
