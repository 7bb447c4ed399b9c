// Package passenger is the clients of railgate in one place: a passenger's phone, a member
// of staff and a gate, over HTTP only, and the invented people who use them. Tests, the
// demo, the load test, the benchmarks and the chaos run are built on it.
//
//	c := passenger.New(issuerURL, passenger.HTTP(&http.Client{Timeout: patience}))
//	session, err := c.Open(ctx, passenger.Resident(passenger.Tests, 0), seed)
//	gate := passenger.Gate{URL: gatewayURL, Device: device, Send: c.Send}
//	verdict, err := gate.Check(ctx, session.Text(time.Now()), "entry")
//
// [Client] checks each answer against the contract in docs/openapi; an answer that
// deviates is an error. An answer with another status than the right one is a [*Refused].
// Any other error means that no usable answer arrived. No error contains a request or a
// secret.
//
// The package imports nothing of gateway, issuance or revocation, so that the load test
// can link it. [Sender] is the way to another HTTP library than net/http.
package passenger
