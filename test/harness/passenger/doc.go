// Package passenger contains the clients of railgate: a passenger's phone, a staff member and
// a gate, over HTTP only, and the invented people who use them. Tests, the demo, the load
// test, the benchmarks and the chaos run use it.
//
//	c := passenger.New(issuerURL, passenger.HTTP(&http.Client{Timeout: patience}))
//	session, err := c.Open(ctx, passenger.Resident(passenger.Tests, 0), seed)
//	gate := passenger.Gate{URL: gatewayURL, Device: device, Send: c.Send}
//	verdict, err := gate.Check(ctx, session.Text(time.Now()), "entry")
//
// [Client] checks each answer against the contract in docs/openapi and returns an error if it
// deviates. An answer with an unexpected status is a [*StatusError]. Any other error means
// that no usable answer arrived. No error contains a request or a secret.
//
// The package imports nothing of gateway, issuance or revocation: the load test links it.
// [Sender] allows another HTTP library than net/http.
package passenger
