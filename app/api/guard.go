package api

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// guard lets in only requests that were meant for this server by someone who
// has its token:
//
//   - the Host must be localhost or an address of this machine's kind, since a
//     name could be an attacker's that was bound to this address (DNS rebinding);
//   - the Origin, which browsers add to requests of scripts, must be the Host;
//   - the token must come as bearer token, or as the cookie that the printed
//     link sets; with the cookie, bodies must be JSON, which no form can send.
type guard struct {
	token    string
	cookie   string // its name; cookies do not tell ports apart, names must
	secret   string // its value: proves the token without being it
	loopback bool   // listens to this machine only
	next     http.Handler
}

func newGuard(token string, addr net.Addr, next http.Handler) *guard {
	host, port, _ := net.SplitHostPort(addr.String())
	ip, err := netip.ParseAddr(host)
	mac := hmac.New(sha256.New, []byte(token))
	mac.Write([]byte("session"))
	return &guard{
		token: token, cookie: "freehold-" + port, secret: hex.EncodeToString(mac.Sum(nil)),
		loopback: err == nil && ip.IsLoopback(), next: next,
	}
}

func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	secure(w.Header())
	if !g.host(r.Host) {
		http.Error(w, "this server answers to localhost and to addresses only", http.StatusForbidden)
		return
	}
	if origins := r.Header["Origin"]; len(origins) > 1 || len(origins) == 1 && origins[0] != "http://"+r.Host {
		http.Error(w, "requests from other sites are refused", http.StatusForbidden)
		return
	}
	if r.URL.Path == "/healthz" && r.Method == http.MethodGet {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("ok\n"))
		return
	}
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		if !same(strings.TrimSpace(bearer), g.token) {
			unauthorized(w)
			return
		}
		g.next.ServeHTTP(w, r)
		return
	}
	if r.Header.Get("Sec-Fetch-Site") == "cross-site" && r.Header.Get("Sec-Fetch-Mode") != "navigate" {
		http.Error(w, "requests from other sites are refused", http.StatusForbidden)
		return
	}
	if t := r.URL.Query().Get("token"); t != "" && r.Method == http.MethodGet && same(t, g.token) {
		http.SetCookie(w, &http.Cookie{Name: g.cookie, Value: g.secret, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
		w.Header().Set("Cache-Control", "no-store")
		http.Redirect(w, r, "/", http.StatusSeeOther) // the token leaves the address bar
		return
	}
	if c, err := r.Cookie(g.cookie); err != nil || !same(c.Value, g.secret) {
		unauthorized(w)
		return
	}
	if r.Method == http.MethodPost {
		// A form of another page could send neither.
		t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		files := r.URL.Path == "/upload" && t == "multipart/form-data" && r.Header.Get(uploadHeader) != ""
		if !files && (err != nil || t != "application/json") {
			http.Error(w, "the body must be application/json, that of /upload a multipart form with the header "+uploadHeader, http.StatusUnsupportedMediaType)
			return
		}
	}
	g.next.ServeHTTP(w, r)
}

func unauthorized(w http.ResponseWriter) {
	w.Header().Set("WWW-Authenticate", "Bearer")
	http.Error(w, "open the link that `freehold serve` printed, or send its token as bearer token", http.StatusUnauthorized)
}

func (g *guard) host(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && (ip.IsLoopback() || !g.loopback)
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// Secure adds the headers that keep a page from running or reaching anything
// but what comes with it. The window needs them as much as a browser does: it
// renders what models write.
func Secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		secure(w.Header())
		next.ServeHTTP(w, r)
	})
}

// secure tells the browser to run nothing but what this server sends, and to
// show it to nobody else.
func secure(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; "+
		"img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "+
		"object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
}
