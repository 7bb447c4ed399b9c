package gateway

import (
	"bytes"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/railgate/railgate/gateway/batch"
	"github.com/railgate/railgate/gateway/overload"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// When a scan may have been made. A batch comes from a handheld that had no
// network, and its scans are judged as of the moment the handheld names.
const (
	// scanEarly is how far that may lie ahead of this clock: what two clocks that
	// are kept right differ by.
	scanEarly = 5 * time.Second
	// scanLate is how far it may lie back. Longer ago, what was revoked then may be
	// forgotten already; the minute is for the clock that the forgetting went by.
	scanLate = revocation.Afterlife - time.Minute
)

// batchBuffers is what one batchBuffers needs. Everything in it has batch.Max elements at most,
// so one that is kept is bounded, at about 300 KiB. As the body of an answer it is
// read by the server, which closes it when the answer is written; so the largest
// answers belong to no connection.
type batchBuffers struct {
	bytes.Reader // of answer
	slots        *slots
	head         *fasthttp.RequestHeader // whose place is left with the answer
	answer       []byte
	scans        []batch.Scan
	codes        tokens.Batch
}

var batches = sync.Pool{New: func() any { return new(batchBuffers) }}

// Close gives the memory back, and the place. The server calls it, once.
func (b *batchBuffers) Close() error {
	b.Reset(nil)
	b.slots.release(b.head)
	b.slots, b.head = nil, nil
	batches.Put(b)
	return nil
}

// checks answers POST /v1/checks with a verdict on every scan in the body.
func (g *Gateway) checks(ctx *fasthttp.RequestCtx, conn *connState, who caller) {
	h := &ctx.Request.Header
	switch {
	case !who.device.Offline:
		g.refuse(ctx, problemBatches)
		return
	case !g.slots.acquire(h, who.device): // a large one has its place already
		g.refuse(ctx, problemSlots)
		return
	}
	// A batch has waited for hours and can wait a second more.
	if g.shed(ctx, overload.Full) {
		g.slots.release(h)
		return
	}
	b := batches.Get().(*batchBuffers)
	// As for one check, the clock is read once.
	now := g.Now(ctx.Time()).UnixMilli()
	refusal := b.readScans(ctx.PostBody())
	// The codes were copied. What took in a large body must not stay with a
	// connection that may go on for hours.
	ctx.Request.ReleaseBody(keptBytes)
	if refusal.Fault != batch.NoFault {
		g.refuseScans(ctx, b, refusal)
		batches.Put(b)
		g.slots.release(h)
		return
	}
	forged := g.judgeAll(b, conn, now, who)
	ctx.Response.Header.SetContentTypeBytes(jsonType)
	b.Reset(b.answer)
	b.slots, b.head = g.slots, h
	ctx.Response.SetBodyStream(b, len(b.answer))
	if forged {
		g.delaySuspect(conn, forgeryWait)
	}
}

// read takes the scans out of a body, which it spends. Nothing in b points into
// the body afterwards.
func (b *batchBuffers) readScans(body []byte) batch.Refusal {
	var refusal batch.Refusal
	b.scans, refusal = batch.Read(body, b.scans)
	if refusal.Fault != batch.NoFault {
		clear(b.scans)
		return refusal
	}
	b.codes.Scans = slices.Grow(b.codes.Scans[:0], len(b.scans))[:len(b.scans)]
	for i := range b.scans {
		code := &b.codes.Scans[i]
		code.Reason = code.Token.ParseText(b.scans[i].Text)
		code.At = b.scans[i].AtMS / 1000
		b.scans[i].Text = nil
	}
	return refusal
}

// judgeAll makes the verdict on every scan, counts it and renders it; now is Unix
// ms. The times of a code, and whether its session was closed, are judged as of its
// scan; keys, cut-offs, revocations and how recent they are, as of now: what was
// revoked since denies, what was lifted since does not. It reports whether a code was forged.
func (g *Gateway) judgeAll(b *batchBuffers, conn *connState, now int64, who caller) (forged bool) {
	// As for one check: freshness before data.
	fresh := g.replica.Freshness(now)
	action := who.device.policy.action(fresh)
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
	g.checker.CheckAll(&b.codes, who.scope)

	g.meter.batchScans.Add(uint64(len(b.codes.Scans)))
	b.answer = append(b.answer[:0], `{"verdicts":[`...)
	for i := range b.codes.Scans {
		code := &b.codes.Scans[i]
		g.meter.verdict(fresh.State, action, code.Reason)
		forged = conn.observe(code.Reason) || forged
		if i > 0 {
			b.answer = append(b.answer, ',')
		}
		b.answer = appendVerdict(b.answer, &code.Token, code.Reason, fresh, action, code.At)
	}
	b.answer = append(b.answer, ']', '}')
	return forged
}

// refuseScans answers a body that is no list of scans: what is wrong, and where.
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
