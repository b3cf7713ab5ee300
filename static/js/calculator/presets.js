// Accounts to start from, in the words of the API.

const tiers = (initial, maintenance) => [{ floor: "0", initial_rate: initial, maintenance_rate: maintenance }];
const held = (instrument, quantity, entry, mark, mode = "cross", more = {}) =>
  ({ instrument, mode, quantity, entry_price: entry, mark_price: mark, ...more });
const cash = (amount) => [{ asset: "USD", amount }];

export const PRESETS = {
  hedged: {
    base_currency: "USD", buffer: "0.10", collateral: cash("60000"),
    instruments: {
      "BTC PERP": { underlying: "BTC", tiers: tiers("0.05", "0.025") },
      "BTC DEC": { underlying: "BTC", tiers: tiers("0.05", "0.025") },
      "ETH PERP": { underlying: "ETH", tiers: tiers("0.05", "0.025") },
      "ETH DEC": { underlying: "ETH", tiers: tiers("0.05", "0.025") },
    },
    positions: [
      held("BTC PERP", "5", "58000", "62000"), held("BTC DEC", "-5", "58400", "62300"),
      held("ETH PERP", "-60", "2900", "3050"), held("ETH DEC", "58", "2930", "3070"),
    ],
  },
  "one-bet": {
    base_currency: "USD", collateral: cash("20000"),
    instruments: { "BTC PERP": { underlying: "BTC", tiers: tiers("0.01", "0.005") } },
    positions: [held("BTC PERP", "16", "62500", "62500", "cross", { leverage: "50" })],
  },
  events: {
    base_currency: "USD", collateral: cash("40000"),
    instruments: {
      EURUSD: { tiers: tiers("0.0333", "0.0166") }, XAU: { tiers: tiers("0.05", "0.025") },
      US500: { tiers: tiers("0.05", "0.025") }, BTC: { tiers: tiers("0.10", "0.05") },
    },
    positions: [
      held("EURUSD", "100000", "1.0850", "1.0862", "isolated", { isolated_margin: "5000" }),
      held("XAU", "30", "2640", "2628", "isolated", { isolated_margin: "5000" }),
      held("US500", "12", "5870", "5891", "isolated", { isolated_margin: "4000" }),
      held("BTC", "0.4", "62500", "61200", "isolated", { isolated_margin: "3000" }),
    ],
  },
  hybrid: {
    base_currency: "USD", buffer: "0.10", collateral: cash("20000"),
    instruments: {
      "BTC PERP": { underlying: "BTC", tiers: tiers("0.02", "0.01") },
      "BTC DEC": { underlying: "BTC", tiers: tiers("0.02", "0.01") },
      "SOL PERP": { underlying: "SOL", tiers: tiers("0.10", "0.05") },
    },
    positions: [
      held("BTC PERP", "1", "60000", "58000"), held("BTC DEC", "-0.9", "60300", "58250"),
      held("SOL PERP", "400", "150", "147", "isolated", { isolated_margin: "7000" }),
    ],
  },
  inverse: {
    base_currency: "BTC", collateral: [{ asset: "BTC", amount: "0.05" }],
    instruments: { BTCUSD: { kind: "inverse", underlying: "BTC", tiers: tiers("0.02", "0.01") } },
    positions: [held("BTCUSD", "10000", "50000", "50000")],
  },
};
