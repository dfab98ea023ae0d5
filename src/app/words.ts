/** What random app names are made of: short, friendly, and harmless in any order. */
export const adjectives: readonly string[] = (
  'amber ancient autumn blazing bold bright brisk calm clear cold cool crimson crystal dawn deep dusty early emerald ' +
  'evening fading fair falling frosty gentle golden green hidden hollow icy indigo ivory jade late lively lone long ' +
  'lunar mellow misty morning mossy noble northern pale patient polished proud quick quiet rapid restless rising ' +
  'rugged rustic sandy serene shady silent silver sleepy smooth snowy soft solar southern sparkling spring stark still ' +
  'summer sunny swift tranquil twilight vast velvet violet wandering warm western whispering wild winter wispy young'
).split(' ');

export const nouns: readonly string[] = (
  'anchorage bay beach bird bloom breeze brook butterfly canyon cavern cedar cliff cloud cove creek crest dawn delta dew ' +
  'dune dust eagle earth falls feather fern field fire firefly fjord flower fog forest fox garden glacier glade grass ' +
  'grove harbor haze heron hill island lagoon lake lantern leaf maple meadow mesa mist moon moss mountain night oak ' +
  'ocean orchard otter paper pebble pine plateau pond prairie rain reef ridge river rock sea shadow shape shore sky ' +
  'smoke snow sound spring star stone stream summit sun surf thicket thunder tide trail tree valley violet voice water ' +
  'waterfall wave wildflower willow wind wood'
).split(' ');
