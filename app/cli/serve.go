package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"

	"freehold/app"
	"freehold/app/api"

	"github.com/spf13/cobra"
)

const (
	defaultAddr   = "127.0.0.1:7717"
	tokenVariable = "FREEHOLD_TOKEN"
)

func (c *command) serve() *cobra.Command {
	var addr string
	var load *app.LoadOptions
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Show the window's contents in a browser, and answer programs",
		Long: `Show the window's contents in a browser, and speak the Ollama and OpenAI
protocols to programs on this machine. The link that is printed lets a browser
in; its token, as bearer token, lets programs in. FREEHOLD_TOKEN sets the token.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			token := os.Getenv(tokenVariable)
			if token != "" && len(token) < 16 {
				return usageError{fmt.Errorf("serve: %s must have at least 16 characters", tokenVariable)}
			}
			assets, err := fs.Sub(c.Assets, "frontend/dist")
			if err != nil {
				return err
			}
			log := c.logger()
			events := api.NewEvents(log)
			core, err := app.Open(c.ctx, app.Options{Version: c.Version, Engine: c.Engine, Emitter: events, Load: *load, Log: log, Exclusive: true})
			if err != nil {
				return err
			}
			a := app.New()
			app.Attach(c.ctx, a, core, "browser", nil)
			cfg := api.Config{Assets: assets, App: a, Core: core, Events: events, Token: token, Log: log}
			s, err := api.Listen(addr, cfg)
			if err != nil && !cmd.Flags().Changed("addr") { // the usual port is taken
				s, err = api.Listen("127.0.0.1:0", cfg)
			}
			if err != nil {
				return errors.Join(err, core.Close())
			}
			if host, _, _ := net.SplitHostPort(s.Addr().String()); !net.ParseIP(host).IsLoopback() {
				fmt.Fprintln(c.Err, "Other machines can reach this server. Its traffic is not encrypted; use it only on a network you trust.")
			}
			fmt.Fprintln(c.Out, s.Link())
			fmt.Fprintln(c.Err, "Open this link in your browser. Ctrl+C ends the server.")
			return errors.Join(s.Serve(c.ctx), core.Close())
		},
	}
	load = loadFlags(cmd)
	cmd.Flags().StringVar(&addr, "addr", defaultAddr, "address to listen on")
	return cmd
}
