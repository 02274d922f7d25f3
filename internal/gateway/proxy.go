package gateway

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// proxies are the networks whose machines are believed when they say for whom they send on a request, and how it came to them.
type proxies []netip.Prefix

func (p proxies) trust(peer netip.Addr) bool {
	return slices.ContainsFunc(p, func(n netip.Prefix) bool { return n.Contains(peer) })
}

// encrypted reports whether a request came over TLS: to us, or to the proxies that sent it on. If they name several hops, each must have been.
func (p proxies) encrypted(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	if !p.trust(peerOf(r)) {
		return false
	}
	hops := values(r.Header["X-Forwarded-Proto"])
	return len(hops) > 0 && !slices.ContainsFunc(hops, func(hop string) bool { return !strings.EqualFold(hop, "https") })
}

// client is the address that a request came from: the peer's, or if that is a proxy of ours, the last one named that is none.
func (p proxies) client(r *http.Request) string {
	addr := peerOf(r)
	if p.trust(addr) {
		for _, hop := range slices.Backward(values(r.Header["X-Forwarded-For"])) {
			before, err := netip.ParseAddr(hop)
			if err != nil {
				break
			}
			if addr = before.Unmap(); !p.trust(addr) {
				break
			}
		}
	}
	if !addr.IsValid() {
		return ""
	}
	return addr.String()
}

// peerOf is the address at the other end of the connection; the zero one if there is none, as in tests.
func peerOf(r *http.Request) netip.Addr {
	peer, _ := netip.ParseAddrPort(r.RemoteAddr)
	return peer.Addr().Unmap()
}

// values are the members of a header that is a list, over all its lines.
func values(lines []string) []string {
	if len(lines) == 0 {
		return nil
	}
	list := strings.Split(strings.Join(lines, ","), ",")
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return list
}
