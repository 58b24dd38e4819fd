// Words for generated passphrases: short, common, lower-case ASCII, no two alike. Chosen for this product; words that
// sound like another, or that somebody would rather not read aloud to a grandchild, are left out. Never reorder for
// looks: nothing depends on the order, but every change must keep the list free of duplicates (tests check it).
const TEXT = `
able above absent academy accent accept accident account acorn acrobat across act active actor actual add address
admiral admit adopt adult adventure advice advise affair after afternoon again agency agent agile ago agree aim
airport album alcove alert algae alike alive alley allow almond almost alone along alphabet already always amaze
amber ambulance among amount amulet anchor ancient angel angry animal ankle announce annual answer antelope
antenna anthem antique anyway apart appear appetite applaud apple apply apricot april apron aqua aquarium arch
archer arctic area arena argue arm armor army aroma around arrange arrive arrow article artist ash aside ask
asleep aspen asphalt asteroid athlete atlas atom attach attend attic audience august author autumn avenue avocado
awake award aware away axle azure baby backpack bacon badge badger bagel bake baker bakery balance balcony ball
ballad ballet balloon bamboo banana band bandage banjo bank banner barber barge barley barn barrel baseball
basement basic basil basin basket bath bathe battery bay beach beacon bead beak beam bean bear beard beaver become
bed bedroom beef beehive beetle before begin behave behavior behind belief believe bell belong below belt bench
bend beneath benefit beret berry beside between beyond bib bicycle bike billboard binder biology birch bird
birthday biscuit bison bitter black blade blank blanket blazer blend blender blink blizzard block bloom blossom
blouse bluebell blush board boat body bodyguard boil bold bolt bone bonfire bonnet bonsai book booklet boot booth
border borrow bottle bottom boulder bounce bowl bowler box boxer boy bracelet bracket brain branch brass brave
bread breakfast breathe breeze brick bride bridge brief bright brim bring brisk broad broccoli broken bronze brook
broom broth brother brown brush bubble bucket buckle buddy budget buffalo bug bugle builder bulb bull bumpy bundle
bunker bunny buoy burger bus bush busy butcher butler butter butterfly button cabbage cabin cabinet cable cactus
cadet cafe cage cake calendar calf call calm camel camera camp camper canal canary candle candy canoe canvas
canyon cap cape capital captain caramel caravan carbon card cardinal care careful cargo carpet carriage carrot
carry cart cartoon carve cashew cashier castle casual cat catalog catch catfish cattle caution cave cavern cedar
celebrate celebrity celery cello cement center century cereal chain chair chalet chalk chamber champion chance
change channel chaos chapel chapter character charcoal charge chariot charm chart chase chat cheap check cheek
cheer cheerful cheese cheetah chef chemist cherry chess chest chestnut chew chickadee chicken chief child chimney
chimp chin chip chocolate choir chop chord chubby cicada cider cinema cinnamon circle circus citizen citrus city
civil clam clamp clap clarinet classic classroom claw clay clean clear clerk clever cliff climate climb clinic
cloak clock closet cloth cloud cloudy clover clown club clue clumsy cluster coach coal coast coaster coat cobra
cobweb cocoa coconut cod coffee coin cold collar collect collie colony color column comb combine comet comfy comic
comma command committee common company compare compass compose computer concept concert concrete condor cone
confetti connect consider contain container contest contour cook cookie cool copper copy coral cork corn corner
cornet correct corridor cosmic cosmos costume cottage cotton couch cougar cough council count country couple
coupon court cousin cover cow cowbell cowboy coyote cozy crab cracker cradle crane crate crater crawl crayon crazy
cream creamy create creature crib cricket crimson crisp crocodile crocus crooked crop cross crossbow crouton crow
crowd crown cruiser crumb crust crystal cub cube cucumber cuddle cuddly culture cup cupboard cupcake curb curious
curly current curry curtain curve cushion custard cute cutlery cyclist cypress daffodil dagger daily daisy dam
damp dance dancer dandelion dapper dare dark data daughter dawn daylight decade december decent decide deck
decorate deep deer degree delight deliver delta denim dense dentist depot describe desert design desk detail
detect develop device dialog diamond diary dice diet dig digital dim dimple dine diner dinghy dinner dinosaur
diploma direct discover dish dive diver divide dizzy dock doctor dog doll dollar dolphin dome donate donkey door
doorbell double dough dove down dozen dragon dragonfly drain drama draw drawer drawing dream dress drift drill
drink drip drive driver driveway drop droplet drowsy drum dry duck duet duke dumpling dune duration during dust
dusty dynamic eager eagle ear early earring earth easel easter easy eat echo eclipse economy edge edit editor eel
effect effort egg elastic elbow elder election elegant element elephant elevator eleven elk elm embark ember
embrace emerald emperor employ employee empress empty endless energy engine engineer enjoy enter entire envelope
epic equal equator error escape escort essay even evening event ever evidence exact examine example exchange
excuse exhibit exit exotic expand expert explain explore express extra eyebrow fable fabric face factor factory
fade fair fairy falcon family famous fan fancy farm farmer fashion fast fasten father faucet fauna favor fearless
feast feather fence fender fern ferret ferry festive fetch fiber fiction fiddle field fierce fiesta fifth fifty
fig figure fill film filter final finch fine finger finish fire firefly fireman fireplace firewood firm fish
fisher fix fjord flag flame flamingo flannel flap flask flavor fleece flight flint flip flipper float flock flood
floor flora florist flow flower fluffy flute fly foal foam focus fog fold folder folklore follow food foot
football footpath forecast forest forever forget forgive fork formal formula fort fortress fortune forty fossil
fountain fox fragile frame frank freckle free freedom freezer freight frequent fresh friday fridge friend friendly
fringe frog frontier frost frosty frozen fruit fudge full function funnel funny fur furnace future fuzzy gadget
galaxy gallery gallon game garage garden gardener garland garlic garment garnet gate gather gazelle gecko gelatin
gem general genius gentle geology geranium germ gesture geyser ghost giant gibbon giddy gift giggle ginger giraffe
girl give glacier glad glass glassy glide glider glimmer glitter global globe glossy glove glow glue goal goat
goblet goggles gold golden goldfish golf gondola goose gorgeous gorilla gossip gown grab grain grammar grand
grandma grandpa granite grape graph graphite grass grateful gravel gravity gravy greedy green greet grid griffin
grill grin grocer ground group grove grow grumpy guard guess guest guide guitar gull gum gym gypsum habit hair
half halibut hall hallway ham hamlet hammer hammock hamper hamster hand handbag handcart handle handrail handsome
handy hang hangar happen happy harbor hard harmony harness harp harsh harvest hasty hat hatch hawk hazel head
headline health healthy heart hearth heater heavy hedge hedgehog height helium helmet help helpful hemlock herb
heritage hero heron herring hibiscus hidden hide highway hike hiker hill hillside hinge hippo history hive hobby
hockey hold holder holiday hollow holly home honest honey honeydew honor hood hoof hook hoop hop horizon horn
hornet horse horseshoe hose hospital host hostel hotel house hug huge hum human humble humor hundred hungry hurdle
hurry husky hut hyena ice iceberg icicle icy idea ideal igloo iguana illusion image imagine improve inch include
income indeed index indigo industry infant inform ink inlet inner insect inside inspire install instant instead
instinct institute intact interest internet invent invite iris iron island item ivory ivy jackal jacket jaguar jam
janitor jar jasmine jaw jazz jeans jeep jelly jellyfish jersey jet jewel jewelry jigsaw job jockey jog join joint
joke jolly journal joy joyful judge judo juggle juggler juice july jump jumper june jungle junior juniper jury
just kangaroo kayak keen keep kelp kennel kernel ketchup kettle key keyboard khaki kick kickoff kilogram kimono
kind king kingdom kiosk kitchen kite kitten kiwi knapsack knee kneel knife knit knob knot koala label lace lad
ladder ladle lady lagoon lake lamb lamp land landmark landscape language lantern laptop large lark laser lasso
last late later laugh launch laundry lava lavender law lawn lawyer lazy leader leaf league lean learn leather
leave lecture leg legal legend lemon lemonade lemur lend lens lentil leopard letter lettuce level lever library
license lichen lid lifeboat lift light lighter like likely lilac lily lime limerick limestone limit limousine line
linen lineup linger lion lip liquid list listen liter live lively lizard llama loaf lobby lobster local locker
locket loft log logic long look loom loose lottery lotus loud lounge lovely lower loyal luck lucky luggage lullaby
lumber lunar lunch lung lynx macaroni machine mackerel magazine magenta magic magician magnet magnolia magpie
mahogany mailbox mailman majesty major make mallet mammal mammoth manage manager mandolin mango manor mansion
mantle map maple marathon marble march margarine margin marigold marina market maroon marsh mascot mask mason
massive mast master mat match math mattress mature maybe mayor maze meadow meal measure medal medicine megaphone
mellow melody melon melt member memory mention menu merge mermaid merry metal meteor meter method mice middle
midnight mighty mild mile milk mill million mind mineral minnow mint minute mirror mission misty mitten mix mixer
moat mobile moccasin model modern modest moist moisture mole molecule moment monarch monday money monkey monsoon
month monument mood moon moose mop mosaic moss motel moth mother motion motor motto mountain mouse mouth move
movement movie muddy muffin mug mulberry mule mumble mural museum mushroom music musical musician mustache mustard
mutual myth nail name nanny nap napkin narrator narrow narwhal nasal nation national native nature navy nearby
neat neck necklace nectar needle neighbor nephew nervous nest net nettle network neutral never newborn news
newspaper nice nickel nickname niece night nightfall nimble noble nod noisy noodle normal north nose nostril note
notebook notice nougat novel november novice nugget number nurse nursery nut nutmeg nutty nylon oak oasis oatcake
oatmeal obey object oboe observe obtain obvious ocean octave october octopus odd offer office official often olive
omelet omen once onion only opal open opera opinion option oracle orange orbit orchard orchid order oregano organ
organize origami oriole ostrich otter outer outfit outlet outside oval oven over owl owner oxygen oyster pack
package paddle paddock page pagoda paint painter pair pajamas pal palace pale palette palm pancake panda panel
pansy panther pantry papaya paper parachute parade paradise paragraph parallel parcel parent park parka parrot
parsley parsnip partner party pass passage passport past pasta pastel pastry pasture patch path patient patio
patrol pattern pavement pavilion paw pay peaceful peach peacock peak peanut peasant pebble pecan pedal pelican pen
pencil pendant penguin peninsula penny people pepper percent perch perfect perform perfume perhaps period permit
person pet petite petrol petunia phone photo phrase physics piano pick pickle picnic picture pie pig pigeon
pigment pilgrim pillar pillow pilot pin pinch pine pineapple pink pint pioneer pipe pirate pistachio pitcher pivot
pizza plaid plain plan planet plank plant planter plasma plaster plastic plate plateau platform platter play
player playful plaza please plenty pliers plot plow plug plum plumber plume plump plunge plywood pocket podium
poem poet poetry point polar pole police polish polite polka pollen pollution polo polygon poncho pond pony poodle
pool popcorn poppy popsicle popular porch porridge port portable porter portrait position positive possum postcard
poster postman pot potato potion potter pottery pouch powder power practice prairie praise prawn prefix premium
prepare present president pretend pretty pretzel price princess printer prism private prize problem professor
profile program project promise prompt proper protect protein proud proverb provide province public publish
publisher pudding puddle puffin pull pulley pulp pulse puma pump pumpkin punch pupil puppet puppeteer puppy
purchase pure purple purse push puzzle pyramid python quail quality quantity quarry quarter quartz queen quest
question quick quiet quilt quirky quiver quiz quote rabbit raccoon race radar radio radish radius raft rail
railway rainbow raincoat rainfall raise raisin rake ranch rancher random ranger rapid rare raspberry rather ratio
ration raven raw razor reach ready reason recall receipt receive recent reception recess recipe recite record
recorder rectangle red reduce reef referee reflect refuge regal region regular reindeer relax relay relic remain
remember remind remove repair repeat reply report reporter reptile request rescue reservoir resort rest result
retina return reward rewind rhubarb rhythm ribbon rice rich riddle ride rider ridge right rigid ring rinse ripe
rise ritual rival river road roadway roam roar roast robin robot robust rock rocket rodeo roll roof rooster rope
rosebud rosemary rosy rotation rough round router routine royal rub rubber ruby rudder rug rugged ruler run runner
runway rural rush rusty sad saddle saddlebag safari safe safety sage sailor salad salary salmon salt salty sample
sanctuary sand sandal sandwich sandy sapphire sardine sash satchel satellite satin saturn sauce saucer sauna
sausage savanna save sawdust saxophone scale scallop scan scarf scarlet scatter scene schedule scholar school
science scissors scone scooter score scorpion scout screen screw scribe scroll scrub sculptor sculpture seafood
seagull seal search seashell season seat seaweed secret section secure seed seldom select selection senator send
senior sentence sequel series serious serve sesame session settle seventh shadow shaggy shake shallow shampoo
shamrock shape share shark sharp shave shawl shed sheep shelf shell shelter shepherd sheriff shield shine shiny
ship shirt shoe shop shore short shoulder shout shovel show shower shrimp shrink shrub shuffle shutter shuttle shy
side sidewalk siesta signal signature silence silent silk silky silly silver similar simple since sing singer
single sink sip siren sister sit sixth sixty size skate skeleton sketch ski skill skin skinny skip skirt skull
skunk sky skyline sled sleek sleep sleepy sleeve slender slice slide slipper slogan slope sloth slow small smart
smell smile smoke smooth smoothie snack snail snake snap snapshot sneeze sniff snooze snore snorkel snow snowman
snowy snug soak soap soccer social society sock soda sofa soft software soil solar soldier solid solve sometimes
song sonnet soon sound soup sour south souvenir soybean space spade spaniel spare spark sparrow spatula speak
speaker spear special species speech speed spell spend sphere spice spicy spider spin spinach spiral spire spirit
splash split sponge spoon sport spot spotless spray spread spring sprint sprout spruce spy square squash squeeze
squid squirrel stable stadium staff stage staircase stallion stamp stand staple stapler star starfish starling
start statement station statue stay steady steak steam steel steep steer stem step stereo steward stick sticky
stiff still stir stitch stocking stomach stone stool stop storage store stork storm stormy story stout stove
stranger strategy straw stream street stretch strict string stripe stroll stroller strong structure student studio
study sturdy style subject subtle suburb subway success sudden sugar suggest suit suitcase summer summit sun
sunflower sunlight sunny sunrise sunset super supply support surf surface surfer surgeon surprise survey swallow
swamp swan swap sway sweater sweep sweet swift swim swimmer swing switch sword symbol symphony syrup system table
tablet tackle tactic tadpole tailor talent talk tall talon tame tan tandem tango tank tap tape tapestry target
tariff tart taste tasty tavern taxi teach teacher teal teammate teapot tear teaspoon teenager telegram telephone
telescope tell temper temple tempo ten tenant tender tennis tent terrace texture thank theater therefore thermos
thick thicket thimble thin think third thirty thistle thorn thought thousand thread threshold throne throw thrush
thumb thunder ticket tickle tidy tie tiger tile timber tinsel tiny tip tiptoe tired titan title toad toast toaster
today toddler tofu together toll tomato tomorrow tone tongue tonight tool tooth topaz topic torch tornado tortoise
toss total toucan touch tourist toward towel tower town toy trace track tractor trade trader tradition traffic
trail trailer train transit transport trap travel tray treasure treat treaty tree trellis triangle tribe tricycle
trim trolley trombone trophy tropical trouble trousers trout truck true truffle trumpet trunk trust trusty try
tuba tuesday tugboat tulip tumble tuna tundra tunnel turban turbine turf turkey turnip turquoise turret turtle
tutor twelve twice twig twilight twin twirl twist type typical typist umbrella uncle under unfold unicorn uniform
union unique unit unite universe unlock unpack until uplift upon upper upset upstairs upward urban urchin useful
usual utensil vacation vaccine vacuum valid valley value valve vampire van vanilla vanish vapor variety vase vast
vault vegetable vehicle velocity velvet vendor venue veranda verb verse version vessel vest veteran veto vicar
victory video view villa village vine vinegar vineyard viola violet violin viper virtue vision visit visitor
vitamin vivid vocal voice volcano volley volume vote vowel voyage vulture waffle wagon wait waiter wake walk wall
wallet walnut walrus waltz wander want wardrobe warehouse warm warmth warn warrior wash washer wasp watch water
waterfall wave wavy wax wealth weary weasel weather weave web wedding week weekend welcome welfare west wetland
whale wharf wheat wheel while whirlpool whisker whisper whistle white wicket wide widow width wig wild wildlife
willow win wind windmill window windy winery wing wink winner winter wipe wire wisdom wise wish within without
witness witty wizard wolf woman wombat wonder wood wooden woodland wool woolly word wording work worker workshop
world worm worthy wrap wreath wrench wrist write writer yacht yard yarn yawn year yearbook yell yellow yesterday
yeti yoga yogurt young youth zany zebra zenith zephyr zero zigzag zinc zipper zodiac zone zoo zoom zucchini
`

/** More than 2^11 words, sorted, each once. */
export const WORDS: readonly string[] = TEXT.trim().split(/\s+/)
