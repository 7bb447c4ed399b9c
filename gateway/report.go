package gateway

import (
	"github.com/valyala/fasthttp"

	"github.com/railgate/railgate/gateway/batch"
	"github.com/railgate/railgate/gateway/edge"
	"github.com/railgate/railgate/gateway/overload"
	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/tokens"
)

// reported is what a barrier's report did.
type reported uint8

const (
	reportUnknown  reported = iota // no hold of this device: it was reported before, expired, or never was
	reportPassed                   // the hold became a passage
	reportReleased                 // the hold was released
	reportedCount
)

var reportedNames = [reportedCount]string{"unknown", "passed", "released"}

func (r reported) String() string { return reportedNames[r] }

var reportBodies = func() (bodies [reportedCount][]byte) {
	for r := range bodies {
		bodies[r] = []byte(`{"result":"` + reported(r).String() + `"}`)
	}
	return bodies
}()

// report answers POST /v1/passages: a gate reports whether its barrier turned after a check held a code. It
// reports whether the caller is a device that may report.
func (g *Gateway) report(ctx *fasthttp.RequestCtx, head *edge.Head) (known bool) {
	if !ctx.IsPost() {
		ctx.Response.Header.Set("Allow", fasthttp.MethodPost)
		g.refuse(ctx, problemMethod)
		return false
	}
	device := g.Devices.authenticate(head.Authorization)
	switch {
	case device == nil:
		g.refuse(ctx, problemDevice)
		return false
	case len(head.Query) > 0:
		g.refuse(ctx, problemNoParameters)
		return false
	case device.passback.Mode == ModeOff || !device.passback.Confirm:
		g.refuse(ctx, problemReports)
		return false
	}
	if g.shed(ctx, overload.Over) {
		return true
	}
	now := g.Now(ctx.Time()).UnixMilli()
	body, refusal := batch.ReadReport(ctx.PostBody())
	serial, err := tokens.ParseSerial(string(body.Serial))
	scope, ok := tokens.ParseScope(body.Scope)
	way, counted := passage.WayOf(scope)
	switch {
	case refusal.Fault != batch.NoFault, err != nil, !ok, !counted:
		g.refuse(ctx, problemReport)
		return true
	case !device.Scopes.Has(scope):
		g.refuse(ctx, problemScopeDenied)
		return true
	}
	s := scratches.Get().(*scratch)
	result := g.confirm(s, device, serial, way, now, body.Passed)
	scratches.Put(s)
	g.meter.reports[result].Add(1)
	ctx.Response.Header.SetContentTypeBytes(jsonType)
	ctx.Response.SetBody(reportBodies[result])
	return true
}

// confirm turns the device's hold into a passage or releases it, and tells other gateways. A barrier that turned
// without a hold is a passage too: a person went through.
func (g *Gateway) confirm(s *scratch, d *Device, serial tokens.Serial, way passage.Way, now int64, passed bool) reported {
	at, start, step, known := d.holds.find(serial, way)
	if !known {
		at = now
	}
	s.attempt = passage.Attempt{Serial: serial, Step: step, Way: way, At: now, Place: d.place, Hold: true,
		Window: d.passback.Window.Milliseconds()}
	held := g.Passages.Table.Confirm(&s.attempt, passed)
	if held || passed {
		state := passage.Released
		if passed {
			state = passage.Passed
		}
		g.tell(s, d, passage.Passage{Serial: serial, Start: start, Step: step, Way: way, State: state, At: at, ErrorMS: g.clockError})
	}
	switch {
	case !held:
		return reportUnknown
	case passed:
		return reportPassed
	}
	return reportReleased
}
