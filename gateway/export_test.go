package gateway

import (
	"net"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/railgate/railgate/booking"
	"github.com/railgate/railgate/gateway/edge"
	"github.com/railgate/railgate/gateway/overload"
	"github.com/railgate/railgate/tokens"
)

// Limits that tests approach from both sides.
const (
	HeaderBytes             = headerBytes
	BodyBytes               = bodyBytes
	BatchBytes              = batchBytes
	ScanEarly               = scanEarly
	ScanLate                = scanLate
	Forgeries               = forgeries
	MostForgeries           = mostForgeries
	ForgeryWait             = forgeryWait
	BatchSlots, DeviceSlots = batchSlots, deviceSlots
)

// Handle answers one request as the server would, without a connection.
func (g *Gateway) Handle(ctx *fasthttp.RequestCtx) { g.serve(ctx) }

// Remembers reports whether the connection remembers the request's head.
func (g *Gateway) Remembers(ctx *fasthttp.RequestCtx) bool {
	_, ok := stateOf(ctx).recall(&ctx.Request.Header)
	return ok
}

// PinOverload fixes the overload level.
func (g *Gateway) PinOverload(l overload.Level) { g.load.Pin(l) }

// DelayedAnswers returns how many answers were delayed.
func (g *Gateway) DelayedAnswers() uint64 { return g.meter.delayed.Load() }

// UseKeys replaces the checker's keys, to make it fail or block. Call it only before
// Serve.
func (g *Gateway) UseKeys(keys tokens.Keys) { g.checker.Keys = keys }

// UseChecker replaces the checker's keys and revocations. Call it only before Serve.
func (g *Gateway) UseChecker(keys tokens.Keys, revocations tokens.Revocations) {
	g.checker.Keys, g.checker.Revocations = keys, revocations
}

// UseReadTimeout shortens the limit of a request. Call it only before Serve.
func (g *Gateway) UseReadTimeout(d time.Duration) { g.limits.Read = d }

// ServeConn serves one connection as Serve does.
func (g *Gateway) ServeConn(c net.Conn) error {
	listener := edge.NewListener(&single{conn: c}, g.limits, nil)
	defer listener.Close()
	conn, err := listener.Accept()
	if err != nil {
		return err
	}
	return g.server.ServeConn(conn)
}

// ServePlain serves a connection as ServeConn does, without connection state.
func (g *Gateway) ServePlain(c net.Conn) error {
	listener := edge.NewListener(&single{conn: c}, g.limits, nil)
	defer listener.Close()
	conn, err := listener.Accept()
	if err != nil {
		return err
	}
	return g.server.ServeConn(struct{ net.Conn }{conn})
}

// single is a listener of one connection.
type single struct {
	net.Listener
	conn net.Conn
}

func (s *single) Accept() (net.Conn, error) { return s.conn, nil }
func (s *single) Close() error              { return nil }

// UseConnections lowers the limit on connections. Call it only before Serve.
func (g *Gateway) UseConnections(n int) { g.server.Concurrency = n }

// Stopping returns how many connections, and accepting counts as one, a stop waits for.
func (g *Gateway) Stopping() int32 { return g.server.GetOpenConnectionsCount() }

// Settle waits until verified passes can be found in the cache.
func (g *Gateway) Settle() { g.passes.Settle() }

// Problems returns the closed list of problem codes, each with its status.
func Problems() map[string]int {
	statuses := map[string]int{}
	for _, p := range problems {
		statuses[p.code] = p.status
	}
	return statuses
}

// The closed lists of verdicts and reports, for comparison with their document.
func PassbackStates() []string  { return namesOf(passbackStates) }
func PassbackResults() []string { return namesOf(passbackResults) }
func TicketStates() []string    { return namesOf(booking.Valid + 1) }
func ReportResults() []string   { return namesOf(reportedCount) }

func namesOf[E interface {
	~uint8
	String() string
}](count E) (names []string) {
	for e := range count {
		names = append(names, e.String())
	}
	return names
}
