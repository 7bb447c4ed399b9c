package gateway

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/valyala/fasthttp"
	"go.uber.org/zap"

	"github.com/railgate/railgate/bundle"
	"github.com/railgate/railgate/gateway/edge"
	"github.com/railgate/railgate/gateway/offline"
	"github.com/railgate/railgate/gateway/overload"
	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/revocation"
)

// Bundles are the settings of bundles for offline use.
type Bundles struct {
	// StaleAfter and ExpiredAfter are the ages of a bundle's data at which a handheld changes its state, whole
	// seconds. 0: DefaultBundles'.
	StaleAfter, ExpiredAfter time.Duration
	// Every is how long the common content is used for further bundles. 0: offline.DefaultEvery.
	Every time.Duration
}

// DefaultBundles are used where a setting is 0. Our choice: a handheld that syncs once a minute is fresh through a
// tunnel, and a conductor's shift between two stations with a network does not end with an expired bundle.
var DefaultBundles = Bundles{StaleAfter: 10 * time.Minute, ExpiredAfter: 6 * time.Hour, Every: offline.DefaultEvery}

const (
	// bundleSlots and bundlesPerDevice bound the bundles in progress: being made or sent. Each takes the memory of
	// its train's bookings; the rest is shared.
	bundleSlots      = 64
	bundlesPerDevice = 2
	// bundleWrite is the time in which a device must read a bundle: 10 MB at 1.4 Mbit/s.
	bundleWrite = time.Minute
)

// The kinds of answers with a bundle, for the metric.
const (
	bundleFull = iota
	bundleDelta
	bundleUnchanged // 304
	bundleKinds
)

var (
	bundleNames = [bundleKinds]string{"full", "delta", "unchanged"}

	descBundles = prometheus.NewDesc("railgate_bundles_total",
		"Answers to requests for a bundle: full, delta, or unchanged if the device had it.", []string{"kind"}, nil)
	descBundleBytes = prometheus.NewDesc("railgate_bundle_bytes_total", "Size of the bundles that were answered, bytes.", nil, nil)
)

// newBuilder returns the builder of bundles, and nil if no device may fetch them or the gateway has no key.
func (c *Config) newBuilder(replica *revocation.Replica) (*offline.Builder, error) {
	if c.Signer == nil || !c.Devices.anyOffline() {
		return nil, nil
	}
	replica.KeepChanges(revocation.MaxChanges)
	b := offline.Config{Replica: replica, Signer: c.Signer, Station: c.Station, Every: c.Bundles.Every,
		Bookings: c.Bookings.Table, BookingReplica: c.Bookings.Replica, Passages: c.Passages.Table, Reach: c.Passages.Reach}
	for _, d := range c.Devices.bySum {
		if d.Offline && d.passback.Mode != ModeOff {
			b.Window = max(b.Window, d.passback.Window)
		}
	}
	return offline.New(b)
}

func (d *Devices) anyOffline() bool {
	for _, device := range d.bySum {
		if device.Offline {
			return true
		}
	}
	return false
}

// Check returns why the settings are not usable.
func (b Bundles) Check() error {
	_, err := b.orDefaults()
	return err
}

// orDefaults returns the settings with defaults in place of zeros, or why they are not usable.
func (b Bundles) orDefaults() (Bundles, error) {
	if b.StaleAfter == 0 {
		b.StaleAfter = DefaultBundles.StaleAfter
	}
	if b.ExpiredAfter == 0 {
		b.ExpiredAfter = DefaultBundles.ExpiredAfter
	}
	if b.Every == 0 {
		b.Every = DefaultBundles.Every
	}
	switch {
	case b.StaleAfter < time.Second || b.ExpiredAfter < b.StaleAfter+time.Second || b.ExpiredAfter > revocation.Afterlife:
		return b, errors.New("expired_after must be longer than stale_after and at most 24h, and stale_after at least 1s")
	case b.Every < time.Millisecond || b.Every > 5*time.Minute:
		return b, errors.New("every must be at most 5m")
	}
	return b, nil
}

// The numbers of actions and modes are the same in bundles.
var (
	_ = [1]struct{}{}[Serve-Action(bundle.Serve)]
	_ = [1]struct{}{}[Flag-Action(bundle.Flag)]
	_ = [1]struct{}{}[ModeDeny-Mode(bundle.Enforce)]
	_ = [1]struct{}{}[ModeFlag-Mode(bundle.Mark)]
)

// bundlePolicy returns what a device may do offline: its policies, with the action for suspect data where its
// clock is wrong.
func (g *Gateway) bundlePolicy(d *Device) *bundle.Policy {
	p := &bundle.Policy{Device: d.ID, Station: g.Station, Scopes: d.Scopes,
		StaleAfter: uint32(g.Bundles.StaleAfter / time.Second), ExpiredAfter: uint32(g.Bundles.ExpiredAfter / time.Second),
		Stale: bundle.Action(d.policy[revocation.Stale]), Expired: bundle.Action(d.policy[revocation.Expired]), Doubted: bundle.Action(d.policy[revocation.Suspect]),
		Passback: bundle.Mode(d.passback.Mode), PassbackLocal: bundle.Action(d.passback.Local), PassbackUnknown: bundle.Action(d.passback.Unknown),
		Ticket: bundle.Mode(d.ticket.Mode), Opens: uint32(d.ticket.Opens / time.Second), TicketUnknown: bundle.Action(d.ticket.Unknown)}
	if d.passback.Mode != ModeOff {
		p.Window = uint32(max(d.passback.Window, passage.CodeLife*time.Millisecond) / time.Second)
	}
	return p
}

// answerBundle answers GET /v1/bundle. It reports whether the caller is a known device.
func (g *Gateway) answerBundle(ctx *fasthttp.RequestCtx, conn *connState, head *edge.Head) (known bool) {
	if !ctx.IsGet() {
		ctx.Response.Header.Set("Allow", fasthttp.MethodGet)
		g.refuse(ctx, problemMethod)
		return false
	}
	device := g.Devices.authenticate(head.Authorization)
	if device == nil {
		g.refuse(ctx, problemDevice)
		return false
	}
	train, since, p := readBundleQuery(head.Query)
	switch {
	case p != nil:
		g.refuse(ctx, p)
		return true
	case !device.Offline || g.builder == nil:
		g.refuse(ctx, problemBundles)
		return true
	case !g.bundleSlots.acquire(&ctx.Request.Header, device):
		g.refuse(ctx, problemBundleSlots)
		return true
	}
	if g.shed(ctx, overload.Full) { // a handheld can wait a minute; gates cannot
		g.bundleSlots.release(&ctx.Request.Header)
		return true
	}
	d, err := g.builder.Bundle(&offline.Request{Policy: g.bundlePolicy(device), Train: train, SinceMS: since, Now: g.Now(ctx.Time()).UnixMilli()})
	if err != nil {
		g.bundleSlots.release(&ctx.Request.Header)
		if !errors.Is(err, offline.ErrNotReady) && !errors.Is(err, offline.ErrNotAnnounced) && !errors.Is(err, offline.ErrBehind) {
			g.log.Error("no bundle can be made", zap.Error(err))
		}
		g.refuse(ctx, problemBundle)
		return true
	}
	g.sendBundle(ctx, conn, d)
	return true
}

// sendBundle sends a bundle, or 304 to a device that has it.
func (g *Gateway) sendBundle(ctx *fasthttp.RequestCtx, conn *connState, d *bundle.Document) {
	h := &ctx.Request.Header
	tag := `"` + d.Tag() + `"`
	ctx.Response.Header.Set(fasthttp.HeaderETag, tag)
	ctx.Response.Header.Set(fasthttp.HeaderCacheControl, "private, no-cache")
	if string(h.Peek(fasthttp.HeaderIfNoneMatch)) == tag {
		g.bundleSlots.release(h)
		g.meter.bundles[bundleUnchanged].Add(1)
		ctx.SetStatusCode(fasthttp.StatusNotModified)
		return
	}
	kind := bundleDelta
	if d.Full() {
		kind = bundleFull
	}
	g.meter.bundles[kind].Add(1)
	g.meter.bundleBytes.Add(uint64(d.Size()))
	if conn != nil {
		conn.conn.LengthenAnswer(bundleWrite)
	}
	ctx.Response.Header.SetContentType("application/octet-stream")
	ctx.Response.SetBodyStream(&bundleBody{d.Reader(), g.bundleSlots, h}, d.Size())
}

// bundleBody is the body of an answer. Its slot is released when the answer was written or has failed.
type bundleBody struct {
	io.Reader
	slots *slots
	head  *fasthttp.RequestHeader
}

// Close releases the slot. The server calls it once.
func (b *bundleBody) Close() error {
	b.slots.release(b.head)
	return nil
}

// readBundleQuery reads a query of optionally train=NAME and since=WATERMARK, each at most once, in any order.
func readBundleQuery(text []byte) (train string, since int64, p *problem) {
	var hasTrain, hasSince bool
	for more := len(text) > 0; more; {
		var pair []byte
		pair, text, more = bytes.Cut(text, ampersand)
		name, value, _ := bytes.Cut(pair, equals)
		ok := false
		switch string(name) {
		case "train":
			if hasTrain {
				return "", 0, problemRepeated
			}
			hasTrain = true
			if train, ok = parseTrain(value); !ok {
				return "", 0, problemTrain
			}
		case "since":
			if hasSince {
				return "", 0, problemRepeated
			}
			hasSince = true
			if since, ok = parseSince(value); !ok {
				return "", 0, problemSince
			}
		default:
			return "", 0, problemBundleParameter
		}
	}
	return train, since, nil
}

// parseSince parses a watermark, Unix ms: 1 to 15 digits without leading zeros.
func parseSince(digits []byte) (ms int64, ok bool) {
	if len(digits) == 0 || len(digits) > 15 || digits[0] == '0' {
		return 0, false
	}
	ms, err := strconv.ParseInt(string(digits), 10, 64)
	return ms, err == nil && digits[0] != '+' && digits[0] != '-'
}
