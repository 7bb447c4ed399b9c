// Package httpapi is the issuer over HTTP: docs/openapi/issuer.yaml describes every
// endpoint, and a test holds the two together.
//
// It promises: a request is read only in its one strict form and size; every
// error is an RFC 9457 problem with a code of a closed list, in English and
// Chinese, with the next step where the passenger has one; what belongs to
// another application looks the same as what does not exist; no body, token,
// name, number, password or contact is ever logged or counted; a role is asked
// before anything is looked up. Access tokens, login tokens and staff credentials
// are looked up by their SHA-256.
//
// It limits how often one network may ask for what costs much or guesses; floods
// of anything else, and TLS, belong to the proxy in front of it.
package httpapi
