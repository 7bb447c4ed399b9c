package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"time"

	"go.uber.org/zap"

	"github.com/railgate/railgate/internal/process"
	"github.com/railgate/railgate/issuance/httpapi"
)

// certificateLife is how long a demo may run with -lan.
const certificateLife = 30 * 24 * time.Hour

// lan serves pages on an address that phones on the same network reach. Browsers give camera and cryptography only to
// pages with TLS, so it has a certificate that the demo signs itself: a browser warns once, and keeps no page offline.
type lan struct {
	address     netip.Addr
	certificate tls.Certificate
	fingerprint string // SHA-256 in hexadecimal, a space between bytes
}

// newLAN makes a certificate for the address; "auto" is the first address of this machine that is not loopback.
func newLAN(text string) (*lan, error) {
	if text == "" {
		return nil, nil
	}
	if text == "auto" {
		found, err := firstAddress()
		if err != nil {
			return nil, err
		}
		text = found.String()
	}
	address, err := netip.ParseAddr(text)
	if err != nil || address.IsUnspecified() || address.IsMulticast() || address.Zone() != "" {
		return nil, fmt.Errorf("-lan: %q is not an address of this machine, such as 192.168.1.5, or auto", text)
	}
	l := &lan{address: address}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	raw, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: new(big.Int).SetInt64(now.UnixNano()), Subject: pkix.Name{CommonName: "railgate demo"},
		NotBefore: now.Add(-24 * time.Hour), NotAfter: now.Add(certificateLife), // phones' clocks are off
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, IPAddresses: []net.IP{address.AsSlice()},
	}, &x509.Certificate{Subject: pkix.Name{CommonName: "railgate demo"}}, key.Public(), key)
	if err != nil {
		return nil, err
	}
	l.certificate = tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}
	l.fingerprint = fmt.Sprintf("% X", sha256.Sum256(raw))
	return l, nil
}

func firstAddress() (netip.Addr, error) {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return netip.Addr{}, err
	}
	for _, a := range all {
		prefix, err := netip.ParsePrefix(a.String())
		if err == nil && prefix.Addr().Is4() && !prefix.Addr().IsLoopback() && !prefix.Addr().IsLinkLocalUnicast() {
			return prefix.Addr(), nil
		}
	}
	return netip.Addr{}, errors.New("-lan auto: this machine has no address that a phone could reach")
}

// serve serves a handler with TLS on the port of another listener, and returns its base URL.
func (l *lan) serve(ctx context.Context, h *system, like net.Listener, handler http.Handler, log *zap.Logger) (string, error) {
	port := 0 // any, where the other listener has the port already
	if tcp, ok := like.Addr().(*net.TCPAddr); ok && !tcp.IP.IsUnspecified() && !tcp.IP.Equal(l.address.AsSlice()) {
		port = tcp.Port
	}
	listener, err := process.Listen("lan", netip.AddrPortFrom(l.address, uint16(port)).String())
	if err != nil {
		return "", err
	}
	secure := tls.NewListener(process.NewListener(listener, log), &tls.Config{Certificates: []tls.Certificate{l.certificate}, MinVersion: tls.VersionTLS12})
	h.parts.Go(func() error { return process.ServeHTTP(ctx, httpapi.NewServer("", handler, log), secure, drain) })
	return "https://" + listener.Addr().String(), nil
}
